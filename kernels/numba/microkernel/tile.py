"""The micro-kernel: a tile of a sum of matrix products, held in registers.

For the rows m of a tile, and a few vectors of columns n side by side, it computes

    C[m, n] (+)= sum over taps t, and over k < depth, of  A[m, t, k] * B[t, k, n]

where A[m, t, k] lies at  a + a_rows[m] + a_taps[t] + k * a_step
      B[t, k, n]          b + b_taps[t] + k * b_step + n    (vectors that are always full)
      C[m, n]             c + c_rows[m] + n                      (all in bytes)

One tap is a matrix product. Several are a convolution: a tap for each cell of the kernel, and rows
that are pixels anywhere in the image, so that nothing has to be copied into a matrix first. (A sum
of products as the one building block: Georganas et al., "Harnessing Deep Learning via a Single
Building Block", 2020. Rows found through a table: Dukhan, "The Indirect Convolution Algorithm",
2019.)

LLVM would vectorise the loop over n by itself, but keep the sums in memory, and load and store each
of them for every product. The function that is written here looks like this, for one row and one
vector (`vectors.py` says how to read it):

    entry:  jump to load if C is added to, else to taps
    load:   c0 = C's vector                          ; the sum so far
            jump to taps
    taps:   t  = phi [0 from entry, load; t + 1 from tap_end]
            s  = phi [0 from entry; c0 from load; s'' from tap_end]
            jump to k
    k:      i  = phi [0 from taps; i + 1 from k]
            s' = phi [s from taps; s'' from k]
            s'' = fma(broadcast(A[i]), B[i], s')     ; the only work
            jump to k if i + 1 < depth, else to tap_end
    tap_end: jump to taps if t + 1 < taps, else to done
    done:   C's vector = s''
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .target import TARGET
from .vectors import INT, Vectors

ARGUMENTS = (
    *("a", "a_rows", "a_taps", "a_step"),
    *("b", "b_taps", "b_step"),
    *("c", "c_rows"),
    *("taps", "depth", "add", "columns"),
)
"""Addresses and distances in bytes, then numbers; `*_rows` and `*_taps` are addresses of tables."""


TALL = 2 * TARGET.rows
"""Rows of a tile of one vector: with fewer sums each would have to wait for itself."""


@dataclass(frozen=True)
class Tile:
    """One size of tile. Of a cut one the last vector is not full."""

    rows: int
    vectors: int
    cut: bool


def tiles() -> Iterator[Tile]:
    """Of every width, and of every height up to the target's; of one vector a tall one too."""
    for vectors, cut in product(range(1, TARGET.vectors + 1), (False, True)):
        for rows in (*range(1, TARGET.rows + 1), *([TALL] if vectors == 1 else [])):
            yield Tile(rows, vectors, cut)


class Writer(Vectors):
    """Writes the function of one tile."""

    def __init__(self, module: ir.Module, bits: int, tile: Tile):
        super().__init__(module, bits)
        self.tile = tile
        name = f"tile_{tile.rows}x{tile.vectors}{'_cut' * tile.cut}"
        self.written = self.function(name, len(ARGUMENTS))
        self.given = dict(zip(ARGUMENTS, self.written.args, strict=True))

    def write(self) -> ir.Function:
        """The whole function; see the module's text for what it looks like."""
        given, tile = self.given, self.tile
        entry, load, taps, k, tap_end, done = (
            self.written.append_basic_block(name)
            for name in ("entry", "load", "taps", "k", "tap_end", "done")
        )
        places = list(product(range(tile.rows), range(tile.vectors)))

        at = self.builder = ir.IRBuilder(entry)
        a_rows = [at.add(given["a"], self.entry(given["a_rows"], m)) for m in range(tile.rows)]
        c_rows = [at.add(given["c"], self.entry(given["c_rows"], m)) for m in range(tile.rows)]
        masks = self.masks()
        at.cbranch(at.icmp_signed("!=", given["add"], INT(0)), load, taps)

        at.position_at_end(load)
        before = {(m, v): self.load(self.place(c_rows[m], v), masks[v]) for m, v in places}
        at.branch(taps)

        at.position_at_end(taps)
        t = self.phi(INT, {entry: INT(0), load: INT(0)})
        sums = {p: self.phi(self.vector, {entry: self.zeros(), load: before[p]}) for p in places}
        a_first = self.entry(given["a_taps"], t)
        b_first = at.add(given["b"], self.entry(given["b_taps"], t))
        at.branch(k)

        at.position_at_end(k)
        i = self.phi(INT, {taps: INT(0)})
        a_here = self.phi(INT, {taps: a_first})
        b_here = self.phi(INT, {taps: b_first})
        running = {p: self.phi(self.vector, {taps: sums[p]}) for p in places}
        b_row = [self.load(self.place(b_here, v)) for v in range(tile.vectors)]
        products = {}
        for m in range(tile.rows):
            number = self.broadcast(at.add(a_rows[m], a_here))
            for v in range(tile.vectors):
                products[m, v] = self.multiply_add(number, b_row[v], running[m, v])
        self.advance(a_here, given["a_step"])
        self.advance(b_here, given["b_step"])
        for p in places:
            running[p].add_incoming(products[p], k)
        more = at.icmp_signed("<", self.advance(i, INT(1)), given["depth"])
        at.cbranch(more, k, tap_end)

        at.position_at_end(tap_end)
        for p in places:
            sums[p].add_incoming(products[p], tap_end)
        more = at.icmp_signed("<", self.advance(t, INT(1)), given["taps"])
        at.cbranch(more, taps, done)

        at.position_at_end(done)
        for m, v in places:
            if tile.cut and v == tile.vectors - 1:
                self.store_first(products[m, v], self.place(c_rows[m], v), self.filled())
            else:
                self.store(products[m, v], self.place(c_rows[m], v))
        at.ret_void()
        return self.written

    def masks(self) -> list[ir.Value | None]:
        """For each vector of a row, which lanes there are: all, but of a cut tile's last one."""
        full: list[ir.Value | None] = [None] * (self.tile.vectors - 1)
        if not self.tile.cut:
            return [*full, None]
        return [*full, self.mask(self.filled())]

    def filled(self) -> ir.Value:
        """Lanes of the last vector that are columns."""
        return self.builder.sub(self.given["columns"], INT((self.tile.vectors - 1) * self.lanes))

    def place(self, row: ir.Value, number: int) -> ir.Value:
        """The address of a row's vector."""
        return self.builder.add(row, INT(number * TARGET.bytes))


def work_on_tile(typing: Any, like: Any, rows: Any, given: Any) -> Any:
    """For compiled code: work on one tile of C, whatever its size.

    multiply_add(like, rows, (a, a_rows, ...)) with the ARGUMENTS as above, all int64. `like` is an
    array of the numbers' dtype; 1 <= rows <= TARGET.rows, or rows = TALL where columns fill one
    vector or less; 1 <= columns <= TARGET.columns(), 1 <= depth, 1 <= taps. The tables have an
    entry for each row, and for each tap.
    """
    bits = like.dtype.bitwidth
    lanes = TARGET.lanes(bits // 8)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, rows, numbers = values
        given = cgutils.unpack_tuple(builder, numbers)
        columns = given[-1]
        vectors = builder.sdiv(builder.add(columns, INT(lanes - 1)), INT(lanes))
        room = builder.mul(vectors, INT(lanes))
        cut = builder.zext(builder.icmp_signed("!=", columns, room), INT)
        width = builder.add(builder.mul(vectors, INT(2)), cut)
        case = builder.add(builder.mul(width, INT(TALL + 1)), rows)
        after = builder.append_basic_block("tiled")
        switch = builder.switch(case, after)
        for tile in tiles():
            function = Writer(builder.module, bits, tile).write()
            block = builder.append_basic_block()
            switch.add_case(INT((2 * tile.vectors + tile.cut) * (TALL + 1) + tile.rows), block)
            with builder.goto_block(block):
                builder.call(function, given)
                builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(like, types.int64, types.UniTuple(types.int64, len(ARGUMENTS))), generate


multiply_add: Callable[..., None] = intrinsic(work_on_tile)
