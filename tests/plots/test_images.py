from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND
from tests.nets import conv_net, images


def shown(figure) -> list[np.ndarray]:
    """The images of a figure, without its colour bar."""
    return [image.get_array() for image in figure.axes[0].images]


def rows(figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


@pytest.fixture(scope="module")
def step():
    return conv_net().train_step(*images())


@pytest.mark.parametrize("name", [None, "conv2d", "conv2d/kernel"])
def test_kernels_of_a_model_and_of_a_step(name, step):
    model = conv_net()
    for source, kernel in ((model, model.params), (step, step.before)):
        pictures = shown(nn.plots.kernels(source, name))
        assert len(pictures) == 4
        np.testing.assert_array_equal(pictures[2], kernel["conv2d/kernel"][:, :, 0, 2])


def test_frozen_kernels_are_shown_too():
    model = conv_net()
    model.freeze("conv2d")
    assert len(shown(nn.plots.kernels(model.train_step(*images())))) == 4


def test_kernels_have_one_scale_with_0_in_its_middle():
    kernel = np.linspace(-1, 3, 18).reshape(3, 3, 1, 2)
    pictures = nn.plots.kernels(kernel).axes[0].images
    assert {picture.get_clim() for picture in pictures} == {(-3, 3)}


def test_each_channel_has_a_row_and_what_is_left_out_is_said():
    figure = nn.plots.kernels(np.ones((5, 3, 9, 20)))
    assert rows(figure) == [f"channel {c}" for c in range(8)]
    assert len(shown(figure)) == 8 * 16
    text = figure._suptitle.get_text()
    assert text == "the first 8 of 9 channels, the first 16 of 20 filters"


def test_what_is_not_finite_says_so_and_leaves_the_scale_to_the_others():
    kernel = np.ones((2, 2, 1, 4))
    kernel[0, 0, 0] = np.nan, np.inf, -3, 0
    kernel[1, 1, 0, 1] = -np.inf
    for figure in (nn.plots.kernels(kernel), nn.plots.feature_maps(kernel[:, :, 0])):
        assert [text.get_text() for text in figure.axes[0].texts] == ["nan", "inf"]
        assert figure.axes[0].images[0].get_clim()[0] == -3
        nn.plots.png(figure)


@pytest.mark.parametrize("count", [1, 3, 30])
@pytest.mark.parametrize("shape", [(5, 5, 1), (5, 5, 4), (1, 7, 16), (9, 3, 2)])
def test_rows_fill_their_figure(count, shape):
    figure = nn.plots.kernels({f"epoch {n}": np.ones(shape) for n in range(count)})
    figure.draw_without_rendering()  # lays it out
    _, height = figure.get_size_inches()
    images = figure.axes[0].get_position().height * height
    assert height - 0.4 < images < height


@pytest.mark.parametrize("shape", [(3, 3, 1, 8), (3, 3, 1, 20), (1, 7, 1, 16), (5, 5, 3, 16)])
@pytest.mark.parametrize("dpi", [100, 200])
def test_everything_is_inside_its_figure(shape, dpi):
    figure = nn.plots.kernels(np.linspace(-1, 1, math.prod(shape)).reshape(shape))
    figure.set_dpi(dpi)
    figure.draw_without_rendering()  # lays it out
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0, width - drawn.x1, height - drawn.y1) > 0


@pytest.mark.parametrize("height", [1, 2, 5])
def test_the_colour_bars_marks_keep_their_distance(height):
    figure = nn.plots.kernels(np.linspace(-1, 1, 80 * height).reshape(height, 5, 1, 16))
    figure.draw_without_rendering()
    low, high = figure.axes[1].get_ylim()
    marks = figure.axes[1].get_yticklabels()
    boxes = [mark.get_window_extent() for mark in marks if low <= mark.get_position()[1] <= high]
    assert len(boxes) >= 2
    assert not any(one.overlaps(two) for one, two in itertools.pairwise(boxes))


def test_labels_of_flat_rows_keep_their_distance():
    figure = nn.plots.kernels(np.ones((1, 40, 3, 16)))
    figure.draw_without_rendering()
    first, second, _ = (label.get_window_extent() for label in figure.axes[0].get_yticklabels())
    assert not first.overlaps(second)


def test_rows_of_unequal_numbers_and_of_zeros():
    figure = nn.plots.kernels({"wide": np.ones((3, 3, 4)), "narrow": np.zeros((3, 3, 1))})
    assert rows(figure) == ["wide", "narrow"]
    assert len(shown(figure)) == 5
    zeros = [text.get_text() for text in figure.axes[0].texts]
    assert zeros == ["0"]
    assert nn.plots.png(nn.plots.kernels(np.zeros((3, 3, 2)))).startswith(b"\x89PNG")


def test_what_is_no_kernel_is_refused(step):
    with pytest.raises(nn.ShapeError, match=r"got \(64, 10\); kernel.reshape"):
        nn.plots.kernels(np.ones((64, 10)))
    with pytest.raises(nn.UnknownNameError, match="did you mean 'conv2d/kernel'"):
        nn.plots.kernels(step, "conv2d/kernal")
    dense = nn.Sequential([nn.Input((3,)), nn.Dense(2)], backend=BACKEND, seed=0)
    with pytest.raises(nn.ShapeError, match="there is no convolution here"):
        nn.plots.kernels(dense)


def test_feature_maps_of_a_step_a_call_and_an_array(step):
    output = step["conv2d/elu"].output
    for figure in (
        nn.plots.feature_maps(step, "conv2d/elu", row=3),
        nn.plots.feature_maps(step["conv2d/elu"], row=3),
        nn.plots.feature_maps(output[3]),
    ):
        pictures = shown(figure)
        assert len(pictures) == 4
        np.testing.assert_array_equal(pictures[1], output[3, :, :, 1])


def test_a_map_of_zeros_says_so_and_many_maps_take_several_rows():
    maps = np.ones((2, 4, 4, 70))
    maps[..., 5] = 0
    figure = nn.plots.feature_maps(maps)
    assert len(shown(figure)) == 64
    assert rows(figure)[:2] == ["from 0", "from 8"]
    assert figure._suptitle.get_text() == "the first 64 of 70 maps"
    assert [text.get_text() for text in figure.axes[0].texts] == ["0"]


def test_what_is_no_image_is_refused(step):
    with pytest.raises(nn.ShapeError, match=r"feature_maps: expected images .* got \(12, 3\)"):
        nn.plots.feature_maps(step, "dense")
    with pytest.raises(nn.UnknownNameError, match="did you mean 'conv2d/elu#0'"):
        nn.plots.feature_maps(step, "conv2d/elo")
