from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

import nnscratch as nn
from nnscratch.plots import histograms, png
from tests.backends import BACKEND
from tests.nets import conv_net, images


def recorded(*values: np.ndarray) -> nn.Recorder:
    """A recorder that has looked at a weight's values in turn; every gradient is 0."""
    recorder = nn.Recorder(every=1)
    model = nn.Sequential(
        [nn.Input((4,)), nn.Dense(5, use_bias=False)], backend=BACKEND, dtype="float64", seed=0
    )
    model.compile(nn.SGD(0.0), "mse")
    for value in values:
        model.set_weights([value])
        recorder.record(model.train_step(np.zeros((2, 4)), np.zeros((2, 5))))
    return recorder


def columns(axis) -> list[tuple[float, float]]:
    """The lowest and highest edge of each column that is drawn."""
    boxes = [mesh.get_coordinates() for mesh in axis.collections]
    return [(box[..., 1].min(), box[..., 1].max()) for box in boxes]


def test_there_is_a_chart_for_each_quantity_and_a_column_for_each_look() -> None:
    first, second = np.linspace(-1, 1, 20), np.linspace(-3, 3, 20)
    figure = histograms(recorded(first.reshape(4, 5), second.reshape(4, 5)), "dense/kernel")
    titles = [axis.get_title(loc="left") for axis in figure.axes[:3]]
    assert titles == [f"dense/kernel: {what}" for what in ("value", "gradient", "update")]
    assert columns(figure.axes[0]) == [(-1, 1), (-3, 3)]
    assert png(figure).startswith(b"\x89PNG")


def test_one_number_is_a_line_and_what_is_not_finite_leaves_a_gap() -> None:
    constant = np.full((4, 5), 0.25)
    broken = np.where(np.arange(20).reshape(4, 5), 1.0, np.nan)
    figure = histograms(recorded(constant, broken), "dense/kernel")
    (line,) = figure.axes[0].lines
    assert list(line.get_ydata()) == [0.25, 0.25]
    assert list(line.get_xdata()) == [0, 1]
    assert columns(figure.axes[0]) == []


def test_calls_have_an_output_and_its_gradient() -> None:
    figure = histograms(recorded(np.ones((4, 5))), "dense")
    titles = [axis.get_title(loc="left") for axis in figure.axes[:2]]
    assert titles == ["dense: output", "dense: output gradient"]


def test_long_names_leave_the_colour_bar_alone() -> None:
    x = nn.Input((4,))
    layer = nn.Dense(2, name="a_dense_layer_with_a_very_long_name_that_goes_on_and_on")
    model = nn.Model(x, layer(x), backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    recorder = nn.Recorder(every=1)
    recorder.record(model.train_step(np.ones((2, 4)), np.ones((2, 2))))
    for name in (layer.name, f"{layer.name}/kernel"):
        figure = histograms(recorder, name)
        figure.draw_without_rendering()
        *charts, bar = figure.axes
        titles = [text for axis in charts for text in axis.findobj(Text) if ":" in text.get_text()]
        assert len(titles) == len(charts)
        ends = [title.get_window_extent().x1 for title in titles]
        assert max(ends) < bar.get_tightbbox().x0
        assert charts[0].get_title(loc="left").endswith(("output", "value"))


def test_the_peak_of_each_column_is_the_lightest() -> None:
    value = np.concatenate([np.zeros(17), [-1.0, 1.0, 1.0]]).reshape(4, 5)
    figure = histograms(recorded(value), "dense/kernel")
    (mesh,) = figure.axes[0].collections
    assert np.ma.max(mesh.get_array()) == 1
    assert np.ma.min(mesh.get_array()) == pytest.approx(1 / 17)


def test_a_recorder_that_has_only_looked_knows_its_names() -> None:
    model = conv_net()
    model.freeze("conv2d")
    recorder = nn.Recorder(every=None)
    recorder.look(model.train_step(*images()))
    titles = [axis.get_title(loc="left") for axis in histograms(recorder, "dense").axes[:2]]
    assert titles == ["dense: output", "dense: output gradient"]
    with pytest.raises(nn.NNError, match="'conv2d/kernel' is frozen"):
        histograms(recorder, "conv2d/kernel")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(nn.UnknownNameError, match="did you mean 'dense/kernel'"):
        histograms(recorded(np.ones((4, 5))), "dense/kernal")
