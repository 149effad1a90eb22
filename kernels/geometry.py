"""Output sizes and paddings of sliding windows: the one home of that arithmetic.

A window of `size` cells, `dilation` apart, spans ``(size - 1) * dilation + 1`` cells of the
image. Sliding it by `stride` over ``image + padding`` cells gives
``(image + padding - span) // stride + 1`` outputs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Pair = tuple[int, int]


class Window(NamedTuple):
    """A sliding window with its padding resolved to numbers; rows first, then columns."""

    size: Pair
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pads: tuple[Pair, Pair] = ((0, 0), (0, 0))
    """((top, bottom), (left, right))"""

    @classmethod
    def fit(cls, size: Pair, strides: Pair, dilation: Pair, padding: str, image: Pair) -> Window:
        """The window with "valid" (no) or "same" padding for an image of (height, width)."""
        if padding == "valid":
            return cls(size, strides, dilation)
        pads = [same_pads(*axis) for axis in zip(image, size, strides, dilation, strict=True)]
        return cls(size, strides, dilation, (pads[0], pads[1]))

    @classmethod
    def transposed(
        cls,
        size: Pair,
        strides: Pair,
        dilation: Pair,
        padding: str,
        extra: tuple[int | None, int | None],
        image: Pair,
    ) -> tuple[Window, Pair]:
        """The window that makes an image of (height, width) of a larger one, and the larger's size.

        extra: the larger image's rows and columns beyond the fewest; None for Keras's choice.
        """
        axes = [
            spread(length, cells, stride, apart, padding, more)
            for length, cells, stride, apart, more in zip(
                image, size, strides, dilation, extra, strict=True
            )
        ]
        (rows, vertical), (columns, horizontal) = axes
        return cls(size, strides, dilation, (vertical, horizontal)), (rows, columns)

    def output_size(self, image: Pair) -> Pair:
        """(rows, columns) of the output for an image of (height, width); <= 0 if none fits."""
        (height, width), (top_bottom, left_right) = image, self.pads
        return (
            output_length(
                height + sum(top_bottom), self.size[0], self.strides[0], self.dilation[0]
            ),
            output_length(width + sum(left_right), self.size[1], self.strides[1], self.dilation[1]),
        )

    @property
    def places(self) -> np.dtype[Any]:
        """The smallest unsigned integers that number the cells of a window."""
        return np.min_scalar_type(self.size[0] * self.size[1] - 1)


def span(size: int, dilation: int) -> int:
    """Cells from the first to the last one that a window touches."""
    return (size - 1) * dilation + 1


def output_length(padded: int, size: int, stride: int, dilation: int) -> int:
    """Positions of a window along one padded axis."""
    return (padded - span(size, dilation)) // stride + 1


def same_pads(length: int, size: int, stride: int, dilation: int) -> Pair:
    """(before, after) such that the output has ceil(length / stride) cells.

    As in TensorFlow and Keras: the odd cell goes to the end.
    """
    outputs = -(-length // stride)
    total = max((outputs - 1) * stride + span(size, dilation) - length, 0)
    return total // 2, total - total // 2


def spread(
    length: int, size: int, stride: int, dilation: int, padding: str, extra: int | None
) -> tuple[int, Pair]:
    """(longer length, pads): of what a window, with these pads, makes `length` cells.

    As in Keras 3's transposed convolution: "valid" reaches as far as the windows do, and at least
    `stride` cells each; "same" gives length * stride cells. What is too much is cut off at both
    ends, an odd cell at the end. With `extra`, fewer than stride, (length - 1) * stride + span
    cells ("valid"), or + span % 2 ("same"), and that many more.
    """
    reach = span(size, dilation)
    covered = (length - 1) * stride + reach
    if padding == "valid":
        return covered + (max(stride - reach, 0) if extra is None else extra), (0, 0)
    more = stride - reach % 2 if extra is None else extra
    longer = (length - 1) * stride + reach % 2 + more
    overlap = reach + reach % 2 - 2 + more  # cells beyond the first one, at both ends together
    before = reach - 1 - min(overlap // 2 + overlap % 2, reach - 1)
    return longer, (before, max(covered - longer - before, 0))
