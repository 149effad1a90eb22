"""Which cell of the image a sliding window touches."""

from __future__ import annotations

from ..geometry import Pair, Window


def cell(window: Window, p: int, q: int, i: int, j: int) -> Pair:
    """(row, column) in the image of the window's cell i, j for the output at row p, column q."""
    (top, _), (left, _) = window.pads
    return (
        p * window.strides[0] + i * window.dilation[0] - top,
        q * window.strides[1] + j * window.dilation[1] - left,
    )


def is_real(cell: Pair, image: Pair) -> bool:
    """Whether a cell lies inside the image, not in its padding."""
    return 0 <= cell[0] < image[0] and 0 <= cell[1] < image[1]
