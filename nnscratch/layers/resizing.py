"""UpSampling2D: larger images of the same things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnscratch.core.context import Context
from nnscratch.core.errors import look_up
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["UpSampling2D"]

Mixture = list[tuple[float, int]]
"""How an output cell is made: weights, and the neighbour (-1, 0, 1) that each is for."""


class UpSampling2D(Layer):
    """Makes images larger by whole factors, along rows and then along columns.

    Shapes: x (N, H, W, C) -> y (N, H * rows, W * columns, C).
    Forward: "nearest": y[i] = x[i // factor]. "bilinear": y[i] lies between the two cells whose
        centres are nearest to its own, in proportion; beyond the last centre it is the last cell.
    Backward: each dy goes back to its cells, in proportion; dx is the sum of a cell's shares.
    Cache: nothing: the proportions are known from the factors.

    Args:
        size: (rows, columns), or one number for both.
        interpolation: "nearest" or "bilinear".
        name: of the layer.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images.
    """

    role = "shape"

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        interpolation: str = "nearest",
        *,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.size = arguments.pair("UpSampling2D size", size)
        self.interpolation = str(interpolation).lower()
        mixtures = look_up("interpolation", self.interpolation, INTERPOLATIONS)
        self.mixtures = tuple(mixtures(factor) for factor in self.size)

    def spec(self, *in_shapes: Shape) -> Spec:
        (height, width), channels = arguments.image_shape(self, in_shapes)
        return Spec((height * self.size[0], width * self.size[1], channels))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (y,) = xs
        for axis, mixtures in enumerate(self.mixtures, start=1):
            cells = ctx.xp.moveaxis(y, axis, 0)  # (L, ...)
            mixed = [sum(w * neighbour(ctx.xp, cells, s) for w, s in m) for m in mixtures]
            enlarged = ctx.xp.stack(mixed, axis=1)  # (L, factor, ...)
            y = ctx.xp.moveaxis(enlarged.reshape(-1, *cells.shape[1:]), 0, axis)
        return Output(y)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        for axis, mixtures in enumerate(self.mixtures, start=1):
            cells = ctx.xp.moveaxis(dy, axis, 0)  # (L * factor, ...)
            parts = cells.reshape(-1, len(mixtures), *cells.shape[1:])  # (L, factor, ...)
            shares = [
                sum(w * returned(ctx.xp, parts[:, phase], s) for w, s in mixture)
                for phase, mixture in enumerate(mixtures)
            ]
            dy = ctx.xp.moveaxis(sum(shares), 0, axis)
        return Gradients((dy,))


def nearest(factor: int) -> list[Mixture]:
    """Each cell `factor` times."""
    return [[(1.0, 0)]] * factor


def bilinear(factor: int) -> list[Mixture]:
    """Of a cell and of the neighbour on whose side the output cell's centre lies."""
    offsets = [(phase + 0.5) / factor - 0.5 for phase in range(factor)]
    return [[(1 - abs(o), 0), (abs(o), 1 if o > 0 else -1)] if o else [(1.0, 0)] for o in offsets]


INTERPOLATIONS = {"nearest": nearest, "bilinear": bilinear}


def neighbour(xp: Any, cells: Array, shift: int) -> Array:
    """For each cell along the first axis the one `shift` farther; past the end, the last one."""
    ends = {-1: (cells[:1], cells[:-1]), 0: (cells,), 1: (cells[1:], cells[-1:])}
    found: Array = xp.concatenate(ends[shift])
    return found


def returned(xp: Any, shares: Array, shift: int) -> Array:
    """What `neighbour` took, back to where it was: its adjoint."""
    none = xp.zeros_like(shares[:1])
    ends = {-1: (shares[1:], none), 0: (shares,), 1: (none, shares[:-1])}
    back: Array = xp.concatenate(ends[shift])
    if shift:
        end = 0 if shift < 0 else -1
        back[end] += shares[end]
    return back
