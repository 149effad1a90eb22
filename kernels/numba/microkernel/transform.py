"""Small linear maps of tiles of numbers, many channels at once: Y = M X M^T.

X is a square of n x n cells, each with the numbers of some channels side by side; Y is one of m x m
cells, for a matrix M (m, n). Where the cells lie is said by two tables of addresses, row by row, so
that a cell may as well be a place in an image, zeros outside of it, or a row of some matrix.

The function that is written goes through the channels a vector at a time, and holds the whole tile
in registers, or where these do not suffice, on the stack:

    entry:   jump to vector if there is a full one, else to rest
    vector:  c = phi [0 from entry; c + lanes from vector]
             x = all cells' vectors at c;  store M x M^T
             jump to vector if there is another full one, else to rest
    rest:    the same, masked, if lanes are left
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import INT, Vectors

Matrix = tuple[tuple[float, ...], ...]


class Writer(Vectors):
    """Writes the function of one matrix: f(addresses of X, addresses of Y, channels)."""

    def __init__(self, module: ir.Module, bits: int, name: str, matrix: Matrix):
        super().__init__(module, bits)
        self.matrix = matrix
        self.written = self.function(f"transform_{name}", 3)

    def write(self) -> ir.Function:
        """The whole function; see the module's text for what it looks like."""
        x, y, channels = self.written.args
        entry, vector, rest, cut, done = (
            self.written.append_basic_block(name)
            for name in ("entry", "vector", "rest", "cut", "done")
        )
        at = self.builder = ir.IRBuilder(entry)
        full = at.sub(channels, at.srem(channels, INT(self.lanes)))
        at.cbranch(at.icmp_signed("<", INT(0), full), vector, rest)

        at.position_at_end(vector)
        c = self.phi(INT, {entry: INT(0)})
        self.transform(x, y, c, None)
        more = at.icmp_signed("<", self.advance(c, INT(self.lanes)), full)
        at.cbranch(more, vector, rest)

        at.position_at_end(rest)
        at.cbranch(at.icmp_signed("<", full, channels), cut, done)

        at.position_at_end(cut)
        self.transform(x, y, full, at.sub(channels, full))
        at.branch(done)

        at.position_at_end(done)
        at.ret_void()
        return self.written

    def transform(self, x: ir.Value, y: ir.Value, channel: ir.Value, few: ir.Value | None) -> None:
        """The tile of a vector of channels, or of a few: M from the left, then from the right."""
        mask = None if few is None else self.mask(few)
        n = len(self.matrix[0])
        offset = self.builder.mul(channel, INT(self.bytes))

        def cell(table: ir.Value, number: int) -> ir.Value:
            return self.builder.add(self.entry(table, number), offset)

        columns = []
        for j in range(n):
            column = [self.load(cell(x, i * n + j), mask) for i in range(n)]
            columns.append(self.times(column))
        for i, row in enumerate(zip(*columns, strict=True)):
            for j, vector in enumerate(self.times(row)):
                place = cell(y, i * len(self.matrix) + j)
                if few is None:
                    self.store(vector, place)
                else:
                    self.store_first(vector, place, few)

    def times(self, x: Sequence[ir.Value]) -> list[ir.Value]:
        """M x. Two rows that are a + b and a - b, as those of points p and -p, share a and b."""
        results: dict[int, ir.Value] = {}
        for number, row in enumerate(self.matrix):
            if number in results:
                continue
            mirrored = tuple(-w if k % 2 else w for k, w in enumerate(row))
            if mirrored != row and mirrored in self.matrix:
                even = self.dot([w if k % 2 == 0 else 0 for k, w in enumerate(row)], x)
                odd = self.dot([w if k % 2 else 0 for k, w in enumerate(row)], x)
                results[number] = self.builder.fadd(even, odd)
                results[self.matrix.index(mirrored)] = self.builder.fsub(even, odd)
            else:
                results[number] = self.dot(row, x)
        return [results[number] for number in range(len(self.matrix))]

    def dot(self, weights: Sequence[float], x: Sequence[ir.Value]) -> ir.Value:
        """The sum of weights times vectors: those of weight 1 are added, others multiplied."""
        total = None
        for weight, vector in sorted(zip(weights, x, strict=True), key=lambda pair: pair[0] != 1):
            if weight == 0:
                continue
            if total is None:
                whole = weight == 1
                total = vector if whole else self.builder.fmul(self.constant(weight), vector)
            elif weight == 1:
                total = self.builder.fadd(total, vector)
            elif weight == -1:
                total = self.builder.fsub(total, vector)
            else:
                total = self.multiply_add(self.constant(weight), vector, total)
        return self.zeros() if total is None else total


def transform(name: str, matrix: Matrix) -> Any:
    """The function for compiled code that applies a matrix to a tile.

    transform(like, x, y, channels): `like` is an array of the numbers' dtype, x and y are addresses
    of tables of addresses, row by row.
    """

    @intrinsic
    def apply(typing: Any, like: Any, x: Any, y: Any, channels: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            writer = Writer(builder.module, like.dtype.bitwidth, name, matrix)
            builder.call(writer.write(), values[1:])
            return context.get_dummy_value()

        return types.void(like, types.int64, types.int64, types.int64), generate

    return apply
