"""The micro-kernel: a tile of a sum of matrix products, held in registers.

For the rows m of a tile, and a few vectors of columns n side by side, it computes

    C[m, n] (+)= sum over taps t, and over k < depth, of  A[m, t, k] * B[t, k, n]

where A[m, t, k] lies at  a + a_rows[m] + a_taps[t] + k * a_step
      B[t, k, n]          b + b_taps[t] + k * b_step + n    (vectors that are always full)
      C[m, n]             c + c_rows[m] + n

One tap is a matrix product. Several are a convolution: a tap for each cell of the kernel, and rows
that are pixels anywhere in the image, so that nothing has to be copied into a matrix first. (A sum
of products as the one building block: Georganas et al., "Harnessing Deep Learning via a Single
Building Block", 2020. Rows found through a table: Dukhan, "The Indirect Convolution Algorithm",
2019.)

LLVM would vectorise the loop over n by itself, but keep the sums in memory, and load and store each
of them for every product. The function that is written here looks like this, for one row and one
vector (`vectors.py` says how to read it):

    begin:  jump to load if C is added to, else to taps
    load:   c0 = C's vector                          ; the sum so far
            jump to taps
    taps:   t  = phi [0 from begin, load; t + 1 from tap_end]
            s  = phi [0 from begin; c0 from load; s'' from tap_end]
            jump to k
    k:      i  = phi [0 from taps; i + 1 from k]
            s' = phi [s from taps; s'' from k]
            s'' = fma(broadcast(A[i]), B[i], s')     ; the only work
            jump to k if i + 1 < depth, else to tap_end
    tap_end: jump to taps if t + 1 < taps, else to done
    done:   C's vector = s''
            jump to begin if there is another tile below this one

Versions:

1. As above.
2. Another loop k, of UNROLLED products a round, for the usual distance of A: it knows all
   addresses but where a round begins and how far B's rows are apart. Convolutions take 0.75 to
   0.9 times as long. With any distance of A they take as long as before: one addition for each
   product is too many.
3. C's rows are fetched before the sums begin, else their stores wait for the memory: 0.7 to 0.95
   times as long where sums are short. To fetch the next tile's rows of A as well brought nothing,
   and all lines of C's rows rather than the first 1.02 times as long.
4. Tiles below each other are one call: 5 ns less for each. Of one vector there are tiles of every
   height up to TALL, so that few rows are few tiles. To store where C's rows were found at first,
   rather than look them up again, would cost as much in registers.
5. Tiles of one vector whose rows of A begin side by side, as channels of an image do: one address
   instead of up to TALL, which no processor has registers for: kernel gradients of 6 or 8
   channels and 16 filters take 0.6 times as long, first layers of one channel 0.85 times.
6. Addresses of which LLVM does not know what they are made of, see `opaque`: 0.85 times as long
   where sums are short or tiles narrow. To hide those of rows evenly apart, so that three registers
   hold twelve, did not repay the search for such rows.
7. Each round also fetches a line of what the caller will need later. Where A is read across, that
   is one of each row of a matrix, for which the processor does not look by itself: kernel gradients
   of 1x1 convolutions, which wait for memory, take 0.8 to 0.95 times as long. Where A's numbers
   follow each other it is the next lines of B: few sums of 160,000 products take 0.8 times as long.
   To fetch more than a line in a round, or in narrow tiles, was slower.
8. Rounds are counted by where A's number is: a count of their own took the register of a row, and
   others were read anew in each round. Tiles of one vector take 0.82 to 0.95 times as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from llvmlite import ir

from .target import TARGET
from .vectors import BIT, INT, Vectors

ARGUMENTS = (
    *("a", "a_rows", "a_taps", "a_step"),
    *("b", "b_taps", "b_step"),
    *("c", "c_rows"),
    *("taps", "depth", "add", "columns", "tiles"),
    *("ahead", "ahead_step"),
)
"""Addresses and distances in bytes, but for numbers (taps to tiles); `*_rows` and `*_taps` are
addresses of tables, which count distances in elements. `ahead` is what may be fetched in the first
round of a tile's products, and `ahead_step` from there to what may be in the next one."""


TALL = 2 * TARGET.rows
"""Rows of a tile of one vector: with fewer sums each would have to wait for itself."""

FEW = TALL // 2
"""Rows side by side that are not worth a tile of their own: their sums would wait for themselves.
More of them, in tiles of equal height, are tiles of more."""

UNROLLED = 4
"""Products of a round where numbers of A follow each other."""

TILE_BYTES = TARGET.bytes * TARGET.vectors
"""Of a row of a tile, and so from one row of a panel to the next."""


@dataclass(frozen=True)
class Tile:
    """One size of tile. Of a cut one the last vector is not full."""

    rows: int
    vectors: int
    cut: bool
    beside: bool = False
    """Whether the rows of A begin side by side."""

    @property
    def places(self) -> list[tuple[int, int]]:
        """Rows and vectors."""
        return list(product(range(self.rows), range(self.vectors)))

    @property
    def unrolled(self) -> bool:
        """Whether it is one of those that do most of the work."""
        return self.rows >= TARGET.rows


Sums = dict[tuple[int, int], ir.Value]
"""A tile, by row and vector."""


class Running(NamedTuple):
    """What changes in the loop over k."""

    k: ir.Value
    a: ir.Value
    """Where A's number is, from where its row begins."""
    b: ir.Value
    ahead: ir.Value
    """What is fetched in the meantime."""
    sums: Sums


class Writer(Vectors):
    """Writes the function of one tile."""

    def __init__(self, module: ir.Module, bits: int, tile: Tile):
        super().__init__(module, bits)
        self.tile = tile
        name = f"tile_{tile.rows}x{tile.vectors}{'_cut' * tile.cut}{'_beside' * tile.beside}"
        self.written = self.function(name, len(ARGUMENTS))
        self.given = dict(zip(ARGUMENTS, self.written.args, strict=True))

    def write(self) -> ir.Function:
        """The whole function; see the module's text for what it looks like."""
        given, tile = self.given, self.tile
        entry, begin, load, done, end = self.blocks("entry", "begin", "load", "done", "end")

        at = self.builder = ir.IRBuilder(entry)
        masks, usual = self.masks(), self.usual()
        at.branch(begin)

        at.position_at_end(begin)
        first_row = self.phi(INT, {entry: INT(0)})
        ahead = self.phi(INT, {entry: given["ahead"]})
        a_rows = self.rows("a", first_row, 1 if tile.beside else tile.rows)
        self.a_rows = [self.opaque(row) for row in a_rows]
        for row in self.rows("c", first_row):
            self.prefetch(row, to_write=True)
        taps = self.written.append_basic_block("taps")
        at.cbranch(at.icmp_signed("!=", given["add"], INT(0)), load, taps)

        at.position_at_end(load)
        c_rows = self.rows("c", first_row)
        before = {(m, v): self.load(self.place(c_rows[m], v), masks[v]) for m, v in tile.places}
        at.branch(taps)

        zeros = dict.fromkeys(tile.places, self.zeros())
        products, later = self.add_taps(taps, done, {begin: zeros, load: before}, usual, ahead)

        at.position_at_end(done)
        c_rows = self.rows("c", first_row)
        for m, v in tile.places:
            if tile.cut and v == tile.vectors - 1:
                self.store_first(products[m, v], self.place(c_rows[m], v), self.filled())
            else:
                self.store(products[m, v], self.place(c_rows[m], v))
        following = self.advance(first_row, INT(tile.rows))
        stop = at.mul(given["tiles"], INT(tile.rows))
        ahead.add_incoming(later, at.block)
        at.cbranch(at.icmp_signed("<", following, stop), begin, end)

        at.position_at_end(end)
        at.ret_void()
        return self.written

    def blocks(self, *names: str) -> list[ir.Block]:
        """New blocks of the function."""
        return [self.written.append_basic_block(name) for name in names]

    def add_taps(
        self,
        taps: ir.Block,
        following: ir.Block,
        entering: Mapping[ir.Block, Sums],
        usual: ir.Value,
        fetching: ir.Value,
    ) -> tuple[Sums, ir.Value]:
        """Write the loop over taps, which begins with a block that there is already.

        Args:
            taps: this one.
            following: comes after the last tap.
            entering: the sums so far in the blocks that it may come after.
            usual: whether distances are.
            fetching: what is fetched in the meantime.

        Returns:
            The sums afterwards, and what would be fetched next.
        """
        at, given = self.builder, self.given
        many, rest, one, tap_end = self.blocks("many", "rest", "one", "tap_end")
        at.position_at_end(taps)
        t = self.phi(INT, dict.fromkeys(entering, INT(0)))
        ahead = self.phi(INT, dict.fromkeys(entering, fetching))
        sums = self.phis(entering)
        a_first = self.distance(given["a_taps"], t)
        b_first = at.add(given["b"], self.distance(given["b_taps"], t))
        first = Running(INT(0), a_first, b_first, ahead, dict(sums))
        last_round = at.mul(at.sub(given["depth"], INT(UNROLLED)), INT(self.bytes))
        limit = at.add(a_first, last_round)
        at.cbranch(usual, many, one)

        after = self.loop(many, rest, {taps: first}, UNROLLED, limit)
        at.position_at_end(rest)
        after = after._replace(k=at.udiv(at.sub(after.a, a_first), INT(self.bytes)))
        at.cbranch(at.icmp_signed("<", after.k, given["depth"]), one, tap_end)
        last = self.loop(one, tap_end, {taps: first, rest: after})

        at.position_at_end(tap_end)
        products = self.phis({rest: after.sums, one: last.sums})
        later = self.phi(INT, {rest: after.ahead, one: last.ahead})
        ahead.add_incoming(later, tap_end)
        for place, phi in sums.items():
            phi.add_incoming(products[place], tap_end)
        more = at.icmp_signed("<", self.advance(t, INT(1)), given["taps"])
        at.cbranch(more, taps, following)
        return products, later

    def phis(self, entering: Mapping[ir.Block, Sums]) -> dict[tuple[int, int], Any]:
        """Sums that depend on the block that we come from."""
        return {
            place: self.phi(self.vector, {block: sums[place] for block, sums in entering.items()})
            for place in self.tile.places
        }

    def rows(self, matrix: str, first: ir.Value, count: int | None = None) -> list[ir.Value]:
        """Where the rows of a tile begin in A or C, all or so many of them."""
        at, table = self.builder, self.given[f"{matrix}_rows"]
        first_entry = at.add(table, at.mul(first, INT(8)))
        places = (self.distance(first_entry, m) for m in range(count or self.tile.rows))
        return [at.add(self.given[matrix], place) for place in places]

    def distance(self, table: ir.Value, place: int | ir.Value) -> ir.Value:
        """The bytes of what a table holds as a number of elements."""
        return self.builder.mul(self.entry(table, place), INT(self.bytes))

    def opaque(self, number: ir.Value) -> ir.Value:
        """The same number, of which LLVM does not know what it was made of.

        Else it may work out before the loop where each row's number is in each of a round's
        products: many more addresses than there are registers.
        """
        same = ir.InlineAsm(ir.FunctionType(INT, [INT]), "", "=r,0")
        return self.builder.call(same, [number])

    def usual(self) -> ir.Value:
        """Whether A's distances are those of the unrolled loop, which has enough to do.

        Small tiles do without that loop: never.
        """
        at, given = self.builder, self.given
        if not self.tile.unrolled:
            return BIT(0)
        a_follows = at.icmp_signed("==", given["a_step"], INT(self.bytes))
        enough = at.icmp_signed(">=", given["depth"], INT(UNROLLED))
        return at.and_(a_follows, enough)

    def loop(
        self,
        block: ir.Block,
        following: ir.Block,
        entering: Mapping[ir.Block, Running],
        count: int = 1,
        limit: ir.Value | None = None,
    ) -> Running:
        """Write the block of a loop over k, of so many products a round.

        Args:
            block: this one.
            following: comes after it, when fewer than that are left.
            entering: what is true in the blocks that it may come after.
            count: more than one only where A's distances are the usual ones.
            limit: up to where A's number may be, from where its row begins, as such a round begins.
                It is by this that they are counted, for another number would take a row's register.

        Returns:
            What is true afterwards; k counts no rounds of several.
        """
        at, given = self.builder, self.given
        at.position_at_end(block)
        k, a, b, ahead = (
            self.phi(INT, {from_: now[n] for from_, now in entering.items()}) for n in range(4)
        )
        sums = self.phis({from_: now.sums for from_, now in entering.items()})
        now: Sums = dict(sums)
        row = b
        for u in range(count):
            self.multiply(at.add(a, INT(u * self.bytes)), row, now)
            row = self.opaque(at.add(row, given["b_step"]))
        b.add_incoming(row, block)
        later = ahead
        if count == 1 or self.tile.vectors > 1:
            self.prefetch(ahead, to_write=False)
            later = at.add(ahead, given["ahead_step"])
        ahead.add_incoming(later, block)
        for place, phi in sums.items():
            phi.add_incoming(now[place], block)
        if limit is None:
            after = Running(
                self.advance(k, INT(1)), self.advance(a, given["a_step"]), row, later, now
            )
            more = at.icmp_signed("<", after.k, given["depth"])
        else:
            after = Running(k, self.opaque(at.add(a, INT(count * self.bytes))), row, later, now)
            k.add_incoming(k, block)
            a.add_incoming(after.a, block)
            more = at.icmp_signed("<=", after.a, limit)
        at.cbranch(more, block, following)
        return after

    def multiply(self, a: ir.Value, b: ir.Value, sums: Sums) -> None:
        """Add the products of a column of A and a row of B."""
        at, tile = self.builder, self.tile
        row = [self.load(self.place(b, v)) for v in range(tile.vectors)]
        places = [at.add(a_row, a) for a_row in self.a_rows]
        if tile.beside:
            places = [at.add(places[0], INT(m * self.bytes)) for m in range(tile.rows)]
        for m, place in enumerate(places):
            number = self.broadcast(place)
            for v in range(tile.vectors):
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
