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

Versions:

1. As above.
2. Another loop k, of UNROLLED products a round, for the usual distances of A and B: it knows all
   addresses but where a round begins. Convolutions take 0.75 to 0.9 times as long. With any
   distance of A they take as long as before: one addition for each product is too many.
3. C's rows are fetched before the sums begin, else their stores wait for the memory: 0.7 to 0.95
   times as long where sums are short. To fetch the next tile's rows of A as well brought nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .target import TARGET
from .vectors import BIT, INT, Vectors

ARGUMENTS = (
    *("a", "a_rows", "a_taps", "a_step"),
    *("b", "b_taps", "b_step"),
    *("c", "c_rows"),
    *("taps", "depth", "add", "columns"),
)
"""Addresses and distances in bytes, then numbers; `*_rows` and `*_taps` are addresses of tables."""


TALL = 2 * TARGET.rows
"""Rows of a tile of one vector: with fewer sums each would have to wait for itself."""

UNROLLED = 4
"""Products of a round where numbers of A follow each other, and rows of B as in a panel."""

TILE_BYTES = TARGET.bytes * TARGET.vectors
"""Of a row of a tile, and so from one row of a panel to the next."""


@dataclass(frozen=True)
class Tile:
    """One size of tile. Of a cut one the last vector is not full."""

    rows: int
    vectors: int
    cut: bool

    @property
    def unrolled(self) -> bool:
        """Whether it is one of those that do most of the work."""
        return self.rows >= TARGET.rows


def tiles() -> Iterator[Tile]:
    """Of every width, and of every height up to the target's; of one vector a tall one too."""
    for vectors, cut in product(range(1, TARGET.vectors + 1), (False, True)):
        for rows in (*range(1, TARGET.rows + 1), *([TALL] if vectors == 1 else [])):
            yield Tile(rows, vectors, cut)


Sums = dict[tuple[int, int], ir.Value]
"""A tile, by row and vector."""


class Running(NamedTuple):
    """What changes in the loop over k."""

    k: ir.Value
    a: ir.Value
    """Where A's number is, from where its row begins."""
    b: ir.Value
    sums: Sums


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
        entry, load, taps, many, rest, one, tap_end, done = (
            self.written.append_basic_block(name)
            for name in ("entry", "load", "taps", "many", "rest", "one", "tap_end", "done")
        )
        places = list(product(range(tile.rows), range(tile.vectors)))

        at = self.builder = ir.IRBuilder(entry)
        self.a_rows = [at.add(given["a"], self.entry(given["a_rows"], m)) for m in range(tile.rows)]
        c_rows = [at.add(given["c"], self.entry(given["c_rows"], m)) for m in range(tile.rows)]
        for row in c_rows:
            self.prefetch(row)
        masks, usual = self.masks(), self.usual()
        at.cbranch(at.icmp_signed("!=", given["add"], INT(0)), load, taps)

        at.position_at_end(load)
        before = {(m, v): self.load(self.place(c_rows[m], v), masks[v]) for m, v in places}
        at.branch(taps)

        at.position_at_end(taps)
        t = self.phi(INT, {entry: INT(0), load: INT(0)})
        sums = {p: self.phi(self.vector, {entry: self.zeros(), load: before[p]}) for p in places}
        a_first = self.entry(given["a_taps"], t)
        b_first = at.add(given["b"], self.entry(given["b_taps"], t))
        first = Running(INT(0), a_first, b_first, dict(sums))
        at.cbranch(usual, many, one)

        after = self.loop(many, rest, {taps: first}, UNROLLED)
        at.position_at_end(rest)
        at.cbranch(at.icmp_signed("<", after.k, given["depth"]), one, tap_end)
        last = self.loop(one, tap_end, {taps: first, rest: after}, 1)

        at.position_at_end(tap_end)
        ends = {p: {rest: after.sums[p], one: last.sums[p]} for p in places}
        products = {p: self.phi(self.vector, ends[p]) for p in places}
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

    def usual(self) -> ir.Value:
        """Whether distances are those of the unrolled loop, which has enough to do.

        Small tiles do without that loop: never.
        """
        at, given = self.builder, self.given
        if not self.tile.unrolled:
            return BIT(0)
        a_follows = at.icmp_signed("==", given["a_step"], INT(self.bytes))
        b_follows = at.icmp_signed("==", given["b_step"], INT(TILE_BYTES))
        enough = at.icmp_signed(">=", given["depth"], INT(UNROLLED))
        return at.and_(at.and_(a_follows, b_follows), enough)

    def loop(
        self,
        block: ir.Block,
        following: ir.Block,
        entering: Mapping[ir.Block, Running],
        count: int,
    ) -> Running:
        """Write the block of a loop over k, of so many products a round.

        Args:
            block: this one.
            following: comes after it, when fewer than that are left.
            entering: what is true in the blocks that it may come after.
            count: more than one only where distances are the usual ones.

        Returns:
            What is true afterwards.
        """
        at, given = self.builder, self.given
        at.position_at_end(block)
        k, a, b = (
            self.phi(INT, {from_: now[n] for from_, now in entering.items()}) for n in range(3)
        )
        places = list(next(iter(entering.values())).sums)
        into = {p: {from_: now.sums[p] for from_, now in entering.items()} for p in places}
        sums = {p: self.phi(self.vector, into[p]) for p in places}
        now: Sums = dict(sums)
        for u in range(count):
            self.multiply(at.add(a, INT(u * self.bytes)), at.add(b, INT(u * TILE_BYTES)), now)
        for p in places:
            sums[p].add_incoming(now[p], block)
        a_step = given["a_step"] if count == 1 else INT(count * self.bytes)
        b_step = given["b_step"] if count == 1 else INT(count * TILE_BYTES)
        after = Running(
            self.advance(k, INT(count)), self.advance(a, a_step), self.advance(b, b_step), now
        )
        room = at.add(after.k, INT(count))
        at.cbranch(at.icmp_signed("<=", room, given["depth"]), block, following)
        return after

    def multiply(self, a: ir.Value, b: ir.Value, sums: Sums) -> None:
        """Add the products of a column of A and a row of B."""
        row = [self.load(self.place(b, v)) for v in range(self.tile.vectors)]
        for m, a_row in enumerate(self.a_rows):
            number = self.broadcast(self.builder.add(a_row, a))
            for v in range(self.tile.vectors):
                sums[m, v] = self.multiply_add(number, row[v], sums[m, v])

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
