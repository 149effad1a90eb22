"""LLVM's language, as far as we speak it: what the generators of machine code have in common.

LLVM is the compiler behind Numba. Its programs are lists of simple instructions; three things are
all that one has to know to read the generators:

* a *block* is a list of instructions that ends in a jump to another block;
* every value is set once: what changes from round to round of a loop is a *phi*, which says "this
  value if we came from that block, that one if we came from this";
* `<8 x float>` is a vector: eight numbers in one register, on which one instruction works at once.

A generator writes such instructions through an `IRBuilder`, and Numba pastes what it wrote into
the compiled functions that ask for it. Why not write loops in Python, for Numba to compile? There
LLVM has to find out for itself what may stay in registers and what is independent; for these few
inner loops it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from .target import TARGET

INT = ir.IntType(64)
LANE = ir.IntType(32)
BIT = ir.IntType(1)


class Vectors:
    """The vocabulary for numbers of one size. Addresses are integers, counted in bytes.

    Args:
        module: where functions are declared.
        bits: of a number: 32 or 64.
    """

    builder: ir.IRBuilder
    """Writes to the block that it was put at the end of."""

    def __init__(self, module: ir.Module, bits: int):
        self.module = module
        self.bytes = bits // 8
        self.lanes = TARGET.lanes(self.bytes)
        self.number: ir.Type = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.vector = ir.VectorType(self.number, self.lanes)
        self.kind = f"v{self.lanes}f{bits}"

    def function(self, name: str, arguments: int) -> ir.Function:
        """A new function of so many integers, which returns nothing."""
        signature = ir.FunctionType(ir.VoidType(), [INT] * arguments)
        function = ir.Function(self.module, signature, f"nnscratch_{name}_{self.kind}")
        function.linkage = "internal"
        return function

    def known(self, name: str, kind: ir.FunctionType) -> ir.Function:
        """One of LLVM's own functions, declared once for each module."""
        found = self.module.globals.get(name)
        return ir.Function(self.module, kind, name) if found is None else found

    # -- loops ------------------------------------------------------------------------------------

    def phi(self, kind: ir.Type, incoming: dict[ir.Block, ir.Value]) -> Any:
        """A value that depends on the block that we come from."""
        phi = self.builder.phi(kind)
        for block, value in incoming.items():
            phi.add_incoming(value, block)
        return phi

    def advance(self, phi: Any, distance: ir.Value) -> ir.Value:
        """Let a phi be larger by a distance in the next round, which comes from this block."""
        following = self.builder.add(phi, distance)
        phi.add_incoming(following, self.builder.block)
        return following

    # -- memory -----------------------------------------------------------------------------------

    def entry(self, table: ir.Value, place: int | ir.Value) -> ir.Value:
        """The number at a place of a table of 64-bit integers."""
        number = INT(place) if isinstance(place, int) else place
        address = self.builder.add(table, self.builder.mul(number, INT(8)))
        return self.builder.load(self.builder.inttoptr(address, INT.as_pointer()))

    def load(self, address: ir.Value, mask: ir.Value | None = None) -> ir.Value:
        """The vector at an address; zeros in the lanes that a mask forbids, which are not read."""
        pointer = self.builder.inttoptr(address, self.vector.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.bytes)
        kind = ir.FunctionType(self.vector, [pointer.type, LANE, mask.type, self.vector])
        load = self.known(f"llvm.masked.load.{self.kind}.p0", kind)
        return self.builder.call(load, [pointer, LANE(self.bytes), mask, self.zeros()])

    def prefetch(self, address: ir.Value, to_write: bool) -> None:
        """Have the line of an address brought to the first cache, or only to the second to read."""
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, LANE, LANE, LANE])
        fetch = self.known("llvm.prefetch.p0", kind)
        writing, near, data = LANE(int(to_write)), LANE(3 if to_write else 2), LANE(1)
        self.builder.call(fetch, [self.builder.inttoptr(address, byte), writing, near, data])

    def store(self, vector: ir.Value, address: ir.Value) -> None:
        """Write a vector to an address."""
        pointer = self.builder.inttoptr(address, vector.type.as_pointer())
        self.builder.store(vector, pointer, align=self.bytes)

    def store_first(self, vector: ir.Value, address: ir.Value, count: ir.Value) -> None:
        """Write a vector's first lanes to an address: so many, fewer than all.

        AVX-512 has a mask for that. Else in pieces of a half, a quarter ... of the lanes, as the
        count's bits say: AVX2's instruction takes twelve cycles and more on AMD's processors.
        """
        if TARGET.masked:
            pointer, mask = (
                self.builder.inttoptr(address, vector.type.as_pointer()),
                self.mask(count),
            )
            kind = ir.FunctionType(ir.VoidType(), [vector.type, pointer.type, LANE, mask.type])
            store = self.known(f"llvm.masked.store.{self.kind}.p0", kind)
            self.builder.call(store, [vector, pointer, LANE(self.bytes), mask])
            return
        here, rest, piece = address, vector, self.lanes // 2
        while piece:
            wanted = self.builder.icmp_signed("!=", self.builder.and_(count, INT(piece)), INT(0))
            with self.builder.if_then(wanted):
                self.store(self.shuffled(rest, range(piece)), here)
            # What is left begins behind the piece, if that was written.
            after = self.shuffled(rest, [(n + piece) % self.lanes for n in range(self.lanes)])
            rest = self.builder.select(wanted, after, rest)
            step = self.builder.select(wanted, INT(piece * self.bytes), INT(0))
            here, piece = self.builder.add(here, step), piece // 2

    def mask(self, count: ir.Value) -> ir.Value:
        """Allows the first lanes, so many."""
        numbers = ir.Constant(ir.VectorType(INT, self.lanes), [INT(n) for n in range(self.lanes)])
        return self.builder.icmp_signed("<", numbers, self.spread(count))

    # -- numbers ----------------------------------------------------------------------------------

    def zeros(self) -> ir.Constant:
        """A vector of zeros."""
        return ir.Constant(self.vector, None)

    def constant(self, number: float) -> ir.Constant:
        """A vector of one number."""
        return ir.Constant(self.vector, [ir.Constant(self.number, number)] * self.lanes)

    def spread(self, number: ir.Value) -> ir.Value:
        """A vector of one number: set the first lane, and copy it to all."""
        nothing = ir.Constant(ir.VectorType(number.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(nothing, number, LANE(0))
        copies = ir.Constant(ir.VectorType(LANE, self.lanes), None)
        return self.builder.shuffle_vector(first, nothing, copies)

    def transposed(self, rows: Sequence[ir.Value]) -> list[ir.Value]:
        """The columns of a square matrix whose rows are vectors.

        Squares of 1, 2, 4 ... lanes change places with those on the other side of the diagonal
        (Eklundh, "A fast computer method for matrix transposing", 1972).
        """
        turned, square = list(rows), 1
        while square < self.lanes:
            upper = [n if not n & square else n - square + self.lanes for n in range(self.lanes)]
            lower = [n + square if not n & square else n + self.lanes for n in range(self.lanes)]
            for i in range(self.lanes):
                if not i & square:
                    pair = turned[i], turned[i + square]
                    turned[i], turned[i + square] = (
                        self.shuffled(pair[0], order, pair[1]) for order in (upper, lower)
                    )
            square *= 2
        return turned

    def shuffled(
        self, vector: ir.Value, order: Sequence[int], other: ir.Value | None = None
    ) -> ir.Value:
        """The lanes of two vectors, one after the other, that an order names."""
        second = ir.Constant(self.vector, ir.Undefined) if other is None else other
        lanes = ir.Constant(ir.VectorType(LANE, len(order)), [LANE(n) for n in order])
        return self.builder.shuffle_vector(vector, second, lanes)

    def broadcast(self, address: ir.Value) -> ir.Value:
        """A vector of the one number at an address."""
        pointer = self.builder.inttoptr(address, self.number.as_pointer())
        return self.spread(self.builder.load(pointer))

    def multiply_add(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """A * b + c, in one instruction where there is one."""
        if not TARGET.fused:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        return self.builder.call(self.known(f"llvm.fma.{self.kind}", kind), [a, b, c])
