from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch import plots
from nnscratch.core.arguments import ArgumentError
from tests.nets import conv_net, images

MODEL = conv_net()
STEP = MODEL.train_step(*images())
WRONG = [MODEL, None, "conv2d", 5, np.array([["a"]]), {"a": None}, nn.Recorder]


@pytest.fixture(scope="module")
def recorder() -> nn.Recorder:
    recorder = nn.Recorder(every=1)
    recorder.record(STEP)
    return recorder


@pytest.mark.parametrize("given", WRONG, ids=lambda given: type(given).__name__)
@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        (plots.curves, "curves history: expected the nn.History that model.fit returns; got"),
        (plots.norms, "norms recorder: expected an nn.Recorder that model.fit was given; got"),
        (plots.units, "units recorder: expected an nn.Recorder"),
        (lambda given: plots.histograms(given, "conv2d"), "histograms recorder: expected an nn."),
        (plots.ledger, "ledger book: expected an nn.Ledger that model.fit was given; got"),
        (plots.ledger_course, "ledger_course book: expected an nn.Ledger"),
        (plots.attenuation, "plots.attenuation factors: expected nn.attenuation(step), or its"),
        (lambda given: plots.bars(given, ""), "bars: expected a list of nn.plots.Bars; got"),
        (lambda given: plots.bars([given], ""), "bars: expected a list of nn.plots.Bars; got"),
        (lambda given: plots.courses(given, ""), "courses: expected a list of nn.plots.Panel"),
        (lambda given: plots.courses([given], ""), "courses: expected a list of nn.plots.Panel"),
        (plots.png, "png figure: expected a matplotlib Figure"),
    ],
)
def test_a_figure_says_what_it_shows(draw: Callable[[Any], Any], expected: str, given: Any) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(expected)}"):
        draw(given)


@pytest.mark.parametrize("given", [None, "conv2d", [[1.0]], {"a": None}, STEP.calls, nn.Recorder()])
def test_kernels_are_arrays_or_of_a_model(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^kernels: expected a model, a step, an array"):
        plots.kernels(given)


@pytest.mark.parametrize("given", [MODEL, None, "conv2d", [[1.0]], {}, nn.Recorder()])
def test_feature_maps_are_arrays_or_of_a_step(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^feature_maps: expected a call, an output .* tape"):
        plots.feature_maps(given, "conv2d")


@pytest.mark.parametrize("name", [None, 5, ["conv2d"]])
def test_feature_maps_of_a_step_need_a_name(name: Any) -> None:
    message = r"^feature_maps name: expected the key of a call, such as 'conv2d#0'"
    with pytest.raises(ArgumentError, match=message):
        plots.feature_maps(STEP, name)


@pytest.mark.parametrize(
    ("row", "message"),
    [(None, "a whole number"), (True, "a whole"), (12, "one of 12, 0 to 11"), (-13, "one of 12")],
)
def test_rows_are_those_of_the_batch(row: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^feature_maps row: expected {message}"):
        plots.feature_maps(STEP, "conv2d", row)


def test_only_real_numbers_are_drawn() -> None:
    for draw in (plots.kernels, plots.feature_maps):
        with pytest.raises(nn.DTypeError, match=f"^{draw.__name__}: expected real numbers"):
            draw(np.full((3, 3, 1), "a"))
        with pytest.raises(nn.ShapeError, match="nothing to draw in an array"):
            draw(np.ones((3, 3, 0)))


def test_names_are_texts(recorder: nn.Recorder) -> None:
    for draw in (
        lambda name: plots.kernels(MODEL, name),
        lambda name: plots.histograms(recorder, name),
        lambda name: plots.norms(recorder, name),
    ):
        for name in (5, ["conv2d"], "convd2"):
            with pytest.raises(nn.UnknownNameError, match=r"^unknown "):
                draw(name)


def test_norms_take_one_name_or_several(recorder: nn.Recorder) -> None:
    one, several = (plots.norms(recorder, names=names) for names in ("dense/bias", ["dense/bias"]))
    lines = [figure.axes[0].lines[0].get_ydata() for figure in (one, several)]
    np.testing.assert_array_equal(*lines)
    with pytest.raises(ArgumentError, match=r"^norms names: expected a call or weight, or several"):
        plots.norms(recorder, names=5)


def test_what_is_empty_says_how_it_is_filled() -> None:
    give = "give it to model.fit as a callback"
    for call, draw in (
        ("norms", plots.norms),
        ("units", plots.units),
        ("histograms", lambda given: plots.histograms(given, "conv2d")),
    ):
        with pytest.raises(plots.PlotError, match=f"^{call}: the recorder is empty; {give}"):
            draw(nn.Recorder())
    for call in ("ledger", "ledger_course"):
        with pytest.raises(plots.PlotError, match=f"^{call}: the ledger is empty; {give}"):
            getattr(plots, call)(nn.Ledger())


def test_a_recorder_without_looks_says_how_they_are_taken() -> None:
    recorder = nn.Recorder(every=None)
    recorder.record(STEP)
    with pytest.raises(plots.PlotError, match=r"units: .* not looked closer; nn.Recorder\(every"):
        plots.units(recorder)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.bars([], ""), "bars: there is no chart to draw; give a list of"),
        (lambda: plots.bars([plots.Bars("", {}, {})], ""), "bars: there is no bar to draw"),
        (lambda: plots.courses([], ""), "courses: there is no chart to draw; give a list of"),
        (lambda: plots.courses([plots.Panel("", [], {})], ""), "courses: there is no line to draw"),
        (lambda: plots.kernels({}), "kernels: there is no kernel to draw"),
    ],
)
def test_nothing_is_no_figure(draw: Callable[[], Any], message: str) -> None:
    with pytest.raises(plots.PlotError, match=f"^{message}"):
        draw()
