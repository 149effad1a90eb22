"""Tiles of every size, as one function of compiled code that chooses among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .target import TARGET
from .tile import ARGUMENTS, FEW, TALL, Tile, Writer
from .vectors import INT


def tiles() -> Iterator[Tile]:
    """Of every width, and of every height up to the target's; of one vector up to TALL."""
    for vectors, cut in product(range(1, TARGET.vectors + 1), (False, True)):
        for rows in range(1, (TALL if vectors == 1 else TARGET.rows) + 1):
            yield Tile(rows, vectors, cut)
            if vectors == 1 and rows > FEW:
                yield Tile(rows, vectors, cut, beside=True)


def number(tile: Tile) -> int:
    """Of a tile, its own."""
    return ((tile.vectors * 2 + tile.cut) * 2 + tile.beside) * (TALL + 1) + tile.rows


def work_on_tile(typing: Any, like: Any, rows: Any, beside: Any, given: Any) -> Any:
    """For compiled code: work on tiles of C below each other, whatever their size.

    multiply_add(like, rows, beside, (a, a_rows, ...)) with the ARGUMENTS as above, all int64.
    `like` is an array of the numbers' dtype; 1 <= rows <= TARGET.rows, or TALL where columns fill
    one vector or less; 1 <= columns <= TARGET.columns(), 1 <= depth, 1 <= taps, 1 <= tiles. The
    tables have an entry for each row of all tiles, and for each tap. Beside is 1 where the rows of
    A of each tile are known to begin side by side, which only more than FEW rows of one vector may
    be, else 0.
    """
    bits = like.dtype.bitwidth
    lanes = TARGET.lanes(bits // 8)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, rows, beside, numbers = values
        given = cgutils.unpack_tuple(builder, numbers)
        columns = given[ARGUMENTS.index("columns")]
        vectors = builder.sdiv(builder.add(columns, INT(lanes - 1)), INT(lanes))
        room = builder.mul(vectors, INT(lanes))
        cut = builder.zext(builder.icmp_signed("!=", columns, room), INT)
        case = vectors
        for factor, digit in ((2, cut), (2, beside), (TALL + 1, rows)):  # as `number` does
            case = builder.add(builder.mul(case, INT(factor)), digit)
        after = builder.append_basic_block("tiled")
        switch = builder.switch(case, after)
        for tile in tiles():
            function = Writer(builder.module, bits, tile).write()
            block = builder.append_basic_block()
            switch.add_case(INT(number(tile)), block)
            with builder.goto_block(block):
                builder.call(function, given)
                builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    numbers = types.UniTuple(types.int64, len(ARGUMENTS))
    return types.void(like, types.int64, types.int64, numbers), generate


multiply_add: Callable[..., None] = intrinsic(work_on_tile)
