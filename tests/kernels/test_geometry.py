from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.kernels.geometry import Window, output_length, same_pads, spread

lengths = st.integers(1, 30)
sizes = st.integers(1, 8)
strides = st.integers(1, 7)
dilations = st.integers(1, 5)


def positions(padded: int, size: int, stride: int, dilation: int) -> list[list[int]]:
    """The cells that each window reads, by trying every start."""
    starts = range(0, padded, stride)
    windows = [[start + i * dilation for i in range(size)] for start in starts]
    return [window for window in windows if window[-1] < padded]


@given(lengths, sizes, strides, dilations)
@settings(deadline=None, derandomize=True)
def test_output_length_counts_the_windows_that_fit(
    padded: int, size: int, stride: int, dilation: int
) -> None:
    windows = positions(padded, size, stride, dilation)
    assert max(output_length(padded, size, stride, dilation), 0) == len(windows)


@given(lengths, sizes, strides, dilations)
@settings(deadline=None, derandomize=True)
def test_same_is_the_least_padding_with_an_output_for_each_stride(
    length: int, size: int, stride: int, dilation: int
) -> None:
    before, after = same_pads(length, size, stride, dilation)
    outputs = [len(positions(length + pad, size, stride, dilation)) for pad in range(60)]
    assert before + after == outputs.index(ceil(length / stride))
    assert after - before in (0, 1)


@pytest.mark.parametrize(
    ("length", "size", "stride", "dilation", "pads"),
    [
        (5, 3, 1, 1, (1, 1)),
        (5, 2, 1, 1, (0, 1)),  # even: the odd cell goes to the end
        (5, 4, 1, 1, (1, 2)),
        (6, 3, 2, 1, (0, 1)),
        (7, 3, 2, 1, (1, 1)),
        (5, 3, 1, 2, (2, 2)),
        (2, 5, 1, 1, (2, 2)),  # larger than the image
        (7, 1, 3, 1, (0, 0)),  # gaps between windows: nothing to pad
    ],
)
def test_same_as_in_keras(
    length: int, size: int, stride: int, dilation: int, pads: tuple[int, int]
) -> None:
    assert same_pads(length, size, stride, dilation) == pads


def test_a_window_keeps_rows_and_columns_apart() -> None:
    window = Window.fit((3, 2), (1, 3), (2, 1), "same", (7, 5))
    assert window == Window((3, 2), (1, 3), (2, 1), ((2, 2), (0, 0)))
    assert window.output_size((7, 5)) == (7, 2)
    assert Window.fit((3, 2), (1, 3), (2, 1), "valid", (7, 5)).output_size((7, 5)) == (3, 2)


@given(lengths, sizes, strides, dilations, st.sampled_from(["valid", "same"]), st.data())
@settings(deadline=None, derandomize=True)
def test_a_window_makes_the_cells_again_of_what_they_were_spread_over(
    length: int, size: int, stride: int, dilation: int, padding: str, data: st.DataObject
) -> None:
    extra = data.draw(st.none() | st.integers(0, stride - 1))
    longer, (before, after) = spread(length, size, stride, dilation, padding, extra)
    assert min(before, after) >= 0
    if longer > 0:
        assert output_length(longer + before + after, size, stride, dilation) == length
    if padding == "same" and extra is None:
        assert longer == length * stride
