"""Which cells of a kernel read which places of an image: along one axis, as lists.

A convolution's output p reads the image at  p * stride + i * dilation - pad  with cell i of the
kernel, where that is inside. The input's gradient at h is a sum over the outputs that read it: cell
i of output p with  h = p * stride + i * dilation - pad. Both are of one kind: positions that are
written, and for each the cells and positions that it is a sum over. Positions of the same cells are
taken together: the whole middle of an image is one such line, and each edge has its own. So
nothing is padded, and nothing multiplied by padding.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Line(NamedTuple):
    """Positions that are sums over the same cells."""

    written: tuple[int, ...]
    read: tuple[int, ...]
    """For each, the position that its first cell reads."""
    cells: tuple[int, ...]
    """In the order of what they read."""
    step: int
    """From what one cell reads to what the next one does."""


def forward_lines(
    length: int, size: int, stride: int, dilation: int, pad: int, outputs: int
) -> list[Line]:
    """The lines of outputs 0, 1, ... that read an image of this length."""
    reads = {
        p: [
            (p * stride + i * dilation - pad, i)
            for i in range(size)
            if 0 <= p * stride + i * dilation - pad < length
        ]
        for p in range(outputs)
    }
    return lines(reads)


def backward_lines(
    length: int, size: int, stride: int, dilation: int, pad: int, outputs: int
) -> list[Line]:
    """The lines of an image of this length, whose gradients are read from those of the outputs."""
    reads: dict[int, list[tuple[int, int]]] = {h: [] for h in range(length)}
    for p in range(outputs):
        for i in range(size):
            h = p * stride + i * dilation - pad
            if 0 <= h < length:
                reads[h].append((p, i))
    return lines(reads)


def lines(reads: dict[int, list[tuple[int, int]]]) -> list[Line]:
    """Lines from what each written position reads: (position, cell), in order of positions."""
    together: dict[tuple[int, ...], list[int]] = {}
    for written, pairs in reads.items():
        together.setdefault(tuple(cell for _, cell in pairs), []).append(written)
    return [
        Line(
            tuple(positions),
            tuple(reads[p][0][0] if cells else 0 for p in positions),
            cells,
            distance(place for place, _ in reads[positions[0]]),
        )
        for cells, positions in together.items()
    ]


def by_cells(lines: Iterable[Line], order: Iterable[int]) -> list[Line]:
    """For each cell that is read, the positions that are sums over it, and maybe over others."""
    readers: dict[int, list[tuple[int, int]]] = {cell: [] for cell in order}
    for line in lines:
        for number, cell in enumerate(line.cells):
            reads = (place + number * line.step for place in line.read)
            readers[cell] += zip(line.written, reads, strict=True)
    sums = {cell: zip(*sorted(pairs), strict=True) for cell, pairs in readers.items() if pairs}
    return [Line(written, read, (cell,), 1) for cell, (written, read) in sums.items()]


def distance(places: Iterable[int]) -> int:
    """From one place to the next; they are equally far apart. 1 where there is only one."""
    return next((after - before for before, after in pairwise(places)), 1)
