from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from nnscratch.inspect import figures
from nnscratch.inspect.figures import Panel, Ticks

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_courses_may_hold_zeros_gaps_and_infinities(count: int) -> None:
    series = {"zeros": [0.0, 0.0, 0.0], "some": [None, 1.0, math.inf], "nan": [math.nan, 0.1, 2.0]}
    panels = [Panel(f"panel {i}", [0, 1, 5], series) for i in range(count)]
    assert figures.courses(panels, "y").startswith(PNG)


def test_kernels_of_unequal_numbers_and_of_zeros() -> None:
    rows = {"wide": np.ones((3, 3, 4)), "narrow": np.zeros((3, 3, 1))}
    assert figures.kernels(rows).startswith(PNG)
    assert figures.kernels({"zero": np.zeros((3, 3, 2))}).startswith(PNG)


def test_zero_has_a_mark_of_its_own_below_all_others() -> None:
    ticks = Ticks.of([0.0, 2e-5, 3.0, None, math.nan], 10)
    assert ticks.labels[0] == "0"
    assert ticks.places[0] == ticks.zero < 2e-5
    assert list(ticks.places) == sorted(ticks.places)


def test_counts_are_marked_in_powers_of_two() -> None:
    ticks = Ticks.of([1, 8, 16], 2)
    assert list(ticks.labels) == ["1", "2", "4", "8", "16"]
    assert list(ticks.places) == [1, 2, 4, 8, 16]


def test_matplotlib_is_loaded_when_a_figure_is_drawn_and_pyplot_never() -> None:
    code = (
        "import sys; from nnscratch.inspect import figures; assert 'matplotlib' not in sys.modules;"
        "figures.courses([figures.Panel('p', [0], {'a': [1.0]})], 'y');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
