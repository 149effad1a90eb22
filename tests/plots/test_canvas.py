from __future__ import annotations

import io
import math
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

import nnscratch as nn
from nnscratch.plots import canvas
from nnscratch.plots.canvas import Ticks


def test_zero_has_a_mark_of_its_own_below_all_others() -> None:
    ticks = Ticks.of([0.0, 2e-5, 3.0, None, math.nan], 10)
    assert ticks.labels[0] == "0"
    assert ticks.places[0] == ticks.zero < 2e-5
    assert list(ticks.places) == sorted(ticks.places)
    assert all(ticks.band[0] < ticks.beside(number) < ticks.band[1] for number in range(36))
    assert ticks.band[1] < ticks.places[1]


def test_without_zeros_there_is_no_mark_for_them() -> None:
    ticks = Ticks.of([1, 8, 16], 2)
    assert not ticks.zeros
    assert list(ticks.labels) == ["1", "2", "4", "8", "16"]
    assert list(ticks.places) == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("values", [[], [0.0], [None, math.nan, math.inf, -1.0]])
def test_there_are_marks_where_nothing_is_positive(values: list[float | None]) -> None:
    assert len(Ticks.of(values, 10).places) >= 1


def test_long_names_leave_room_for_the_chart() -> None:
    path = "an_embedder_of_a_long_name/a_convolution_of_an_even_longer_name"
    values = {f"{path}/kernel": 1.0, f"{path}/bias": 2.0}
    chart = nn.plots.Bars("", values, {name: name for name in values})
    figure = nn.plots.bars([chart], "")
    figure.draw_without_rendering()  # lays it out
    kernel, bias = (label.get_text() for label in figure.axes[0].get_yticklabels())
    assert len(kernel) == len(bias) == canvas.LABEL
    assert (kernel[:5], bias[:5]) == ("an_em", "an_em")
    assert kernel.endswith("/kernel")
    assert bias.endswith("/bias")
    assert figure.axes[0].get_position().width > 0.4
    assert figure.legends[0].get_window_extent().width < figure.bbox.width
    assert canvas.short("dense/kernel") == "dense/kernel"


def test_36_lines_and_bars_differ() -> None:
    lines = {(look["color"], look["linestyle"]) for look in map(canvas.style, range(36))}
    fillings = {(look["facecolor"], look["hatch"]) for look in map(canvas.filling, range(36))}
    assert len(lines) == len(fillings) == 36


def test_notebooks_show_what_png_writes() -> None:
    figure = canvas.blank(1.0)
    shown = figure._repr_png_()
    height, width, _ = imread(io.BytesIO(shown)).shape
    assert (height, width) == (canvas.DPI, round(canvas.WIDTH * canvas.DPI))
    np.testing.assert_array_equal(
        imread(io.BytesIO(shown)), imread(io.BytesIO(nn.plots.png(figure)))
    )


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "available", lambda: False)
    with pytest.raises(nn.plots.PlotError, match=r"pip install 'nnscratch\[plot\]'"):
        nn.plots.kernels(np.ones((3, 3, 1, 1)))


def test_matplotlib_is_loaded_when_a_figure_is_drawn_and_pyplot_never() -> None:
    code = (
        "import sys, nnscratch as nn; nn.plots; assert 'matplotlib' not in sys.modules;"
        "nn.plots.courses([nn.plots.Panel('p', [0], {'a': [1.0]})], 'y').canvas.draw();"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_matplotlibs_settings_stay_as_they_are() -> None:
    before = dict(matplotlib.rcParams)
    nn.plots.png(nn.plots.kernels(np.ones((3, 3, 1, 2))))
    assert dict(matplotlib.rcParams) == before
