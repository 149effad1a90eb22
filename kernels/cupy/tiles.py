"""Sizes of the tiles that products are made in, and which of them a product takes."""

from __future__ import annotations

from typing import NamedTuple


class Tile(NamedTuple):
    """What a block makes, and each of its threads."""

    rows: int
    columns: int
    own_rows: int
    own_columns: int
    depth: int = 8

    @property
    def threads(self) -> int:
        """Of a block."""
        return self.rows // self.own_rows * (self.columns // self.own_columns)

    @property
    def macros(self) -> dict[str, str]:
        """By which a file is told."""
        names = ("ROWS", "COLUMNS", "OWN_ROWS", "OWN_COLUMNS", "DEPTH")
        return {name: str(number) for name, number in zip(names, self, strict=True)}

    @property
    def tensor_macros(self) -> dict[str, str]:
        """By which a file is told that tensor cores make the tile."""
        return self.macros | {"TF32": "1"}


LARGE, MIDDLE, NARROW = Tile(128, 128, 8, 8), Tile(64, 64, 4, 4), Tile(128, 32, 4, 4)

TILES = {"float32": (LARGE, MIDDLE, NARROW), "float64": (MIDDLE, NARROW)}
"""A thread's part of a large tile of doubles would not fit into its registers."""

TENSOR = Tile(128, 64, 8, 4)
"""What tensor cores make: eight warps hold 32 x 32 numbers each."""

MULTIPROCESSORS = 128
"""Blocks that keep a large GPU busy, about."""


def tile_for(rows: int, columns: int, products: int, dtype: str) -> Tile:
    """The tile for so many products of one shape: large ones, if they still go round."""
    if columns <= NARROW.columns:
        return NARROW
    blocks = products * -(-rows // LARGE.rows) * -(-columns // LARGE.columns)
    wide = columns > MIDDLE.columns and blocks >= MULTIPROCESSORS
    return LARGE if wide and LARGE in TILES[dtype] else MIDDLE
