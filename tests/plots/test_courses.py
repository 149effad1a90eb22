from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch.plots import Panel, courses, png

SERIES = {"zeros": [0.0, 0.0, 0.0], "some": [None, 1.0, math.inf], "nan": [math.nan, 0.1, 2.0]}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_may_hold_zeros_gaps_and_infinities(count: int) -> None:
    figure = courses([Panel(f"panel {i}", [0, 1, 5], SERIES) for i in range(count)], "y")
    assert png(figure).startswith(b"\x89PNG")
    titles = [axis.get_title(loc="left") for axis in figure.axes if axis.axison]
    assert titles == [f"panel {i}" for i in range(count)]


def test_steps_count_from_1_and_zeros_lie_in_their_band() -> None:
    figure = courses([Panel("", [0, 1, 5], SERIES)], "y")
    zeros, some, _ = figure.axes[0].lines
    assert list(zeros.get_xdata()) == [1, 2, 6]
    low, high = figure.axes[0].get_ylim()
    assert np.all(zeros.get_ydata() < 0.1 * 0.1)
    assert np.all(zeros.get_ydata() > low)
    assert high > 2
    assert math.isnan(some.get_ydata()[0])


def test_few_steps_have_plain_numbers_with_room_between_them() -> None:
    panels = [Panel("", [0, 1, 2, 3], {"a": [1, 2, 3, 4]})] * 2
    figure = courses(panels, "y")
    figure.draw_without_rendering()
    axis, (low, high) = figure.axes[1].xaxis, figure.axes[1].get_xlim()
    labels = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
    shown = [text for text in labels if low < text.get_position()[0] < high and text.get_text()]
    boxes = [text.get_window_extent() for text in shown]
    assert [text.get_text() for text in shown] == ["1", "2", "3", "4"]
    assert not any(one.overlaps(two) for one in boxes for two in boxes if one is not two)


def test_the_common_scale_holds_what_later_charts_show() -> None:
    panels = [Panel("small", [0, 1], {"a": [1e-4, 0.0]}), Panel("large", [0, 1], {"a": [1, 5e6]})]
    for axis in courses(panels, "y").axes:
        assert axis.get_ylim()[1] > 5e6


def test_a_series_looks_the_same_in_every_chart() -> None:
    both = Panel("both", [0, 1], {"a": [1, 2], "b": [2, 3]})
    figure = courses([Panel("one", [0, 1], {"b": [1, 2]}), both], "y")
    (alone,), (_, other) = (axis.lines for axis in figure.axes)
    assert alone.get_color() == other.get_color()
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b"]
