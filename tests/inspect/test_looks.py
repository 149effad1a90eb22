from __future__ import annotations

import math

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import UnknownNameError
from nnscratch.inspect.looks import BINS, Histogram, Look
from nnscratch.kernels import resolve
from tests.nets import conv_net, images

X, Y = images()
K = resolve("numpy").ops


def looked(every: int | None, steps: int = 7) -> list[Look]:
    recorder, model = nn.Recorder(every), conv_net()
    model.fit(X, Y, batch_size=12, epochs=steps, verbose=0, callbacks=recorder)
    return recorder.looks


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (50, [0]), (None, [])]
)
def test_looks_at_every_so_many_steps(every: int | None, expected: list[int]) -> None:
    assert [look.step for look in looked(every)] == expected


def test_a_look_on_request_is_the_one_that_was_taken_on_the_way() -> None:
    recorder, on_request = nn.Recorder(every=2), nn.Recorder(every=None)
    request = nn.LambdaCallback(on_step=lambda step: step.index == 2 and on_request.look(step))
    conv_net().fit(X, Y, batch_size=12, epochs=3, verbose=0, callbacks=[recorder, request])
    (look,) = on_request.looks
    assert look.step == 2
    np.testing.assert_equal(vars(look), vars(recorder.looks[1]))


def test_tells_of_every_array_how_it_is_spread() -> None:
    model = conv_net()
    recorder, step = nn.Recorder(), model.train_step(X, Y)
    look = recorder.look(step)
    assert set(look.histograms) == {*step.calls, *step.before}
    for key, call in step.calls.items():
        for histogram in look.histograms[key].values():
            assert histogram.counts.sum() == call.output.size
    for path in step.before:
        assert list(look.histograms[path]) == ["value", "gradient", "update"]
        np.testing.assert_allclose(
            look.histograms[path]["update"].edges[[0, -1]],
            [step.update(path).min(), step.update(path).max()],
            rtol=1e-6,
        )


def test_counts_units_of_kernels_and_of_activations() -> None:
    dead = nn.Dense(4, activation="relu", kernel_initializer="zeros", name="dead")
    last = nn.Dense(3, name="last")
    model = nn.Sequential([nn.Input((6, 6, 1)), nn.Flatten(), dead, nn.PReLU(), last], seed=0)
    model.compile("sgd", nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    look = nn.Recorder().look(model.train_step(X, Y))
    assert look.units == {"dead/kernel": 4, "last/kernel": 3, "dead/relu#0": 4, "prelu#0": 4}
    assert look.rank == {"dead/kernel": 0, "last/kernel": 3}
    assert look.distinct == {"dead/kernel": 1, "last/kernel": 3}
    assert look.distinct_gradients == {"dead/kernel": 1, "last/kernel": 1}
    assert look.never_fired == {"dead/relu#0": 4, "prelu#0": 4}


def test_calls_may_be_named_without_their_number() -> None:
    (look,) = looked(1, steps=1)
    assert look.histograms["conv2d"] is look.histograms["conv2d#0"]
    assert look.never_fired["conv2d/elu"] == look.never_fired["conv2d/elu#0"]
    assert "conv2d/elu" in look.never_fired
    assert "conv2d" not in look.never_fired
    with pytest.raises(UnknownNameError, match="did you mean 'conv2d/kernel'"):
        look.distinct["conv2d/kernal"]


def test_shows_its_units_in_a_table() -> None:
    model = conv_net()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    recorder = nn.Recorder(every=1, select=["conv2d", "dense/softmax"])
    model.fit(X, Y, batch_size=12, verbose=0, callbacks=recorder)
    (look,) = recorder.looks
    assert repr(look) == "Look(step 0: 5 calls and weights)"
    rows = [line.split() for line in str(look).splitlines()]
    assert ["conv2d/kernel", "4", "-", "4", "4"] in rows
    assert ["conv2d/elu", "4", "0"] in rows
    assert str(look).startswith("step 0, looked at closely")
    assert "<table" in look._repr_html_()


def test_a_look_at_nothing_is_refused() -> None:
    step = conv_net().train_step(X, Y)
    with pytest.raises(UnknownNameError, match="did you mean 'conv2d"):
        nn.Recorder(select="convd2").look(step)


def test_histogram_spans_the_range() -> None:
    x = np.random.default_rng(0).standard_normal((4, 500)).astype(np.float32)
    histogram = Histogram.of(K, x)
    assert (histogram.low, histogram.high) == (x.min(), x.max())
    assert len(histogram.edges) == BINS + 1
    np.testing.assert_array_equal(histogram.counts, np.histogram(x, BINS)[0])


def test_histogram_of_one_number_is_a_bin_within_an_interval() -> None:
    histogram = Histogram.of(K, np.full((2, 3), 7.0))
    assert (histogram.low, histogram.high) == (6.5, 7.5)
    assert histogram.counts[BINS // 2] == histogram.counts.sum() == 6


@pytest.mark.parametrize(
    "numbers", [[1e20], [-3e38], [2.0**53, 2.0**53], [5e-324, 0.0], [1.0, 1.0 + 2**-52]]
)
def test_histogram_of_numbers_without_room_between_them(numbers: list[float]) -> None:
    histogram = Histogram.of(K, np.array(numbers))
    assert histogram.counts.sum() == len(numbers)
    assert histogram.low < histogram.high


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_histogram_of_what_is_not_finite_is_empty(value: float) -> None:
    histogram = Histogram.of(K, np.array([1.0, value]))
    assert math.isnan(histogram.low)
    assert math.isnan(histogram.high)
    assert histogram.counts.sum() == 0
