"""LayerNormalization."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import Shape
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.row_normalization import RowNormalization

__all__ = ["LayerNormalization"]


class LayerNormalization(RowNormalization):
    """Normalises each vector of each row by its own moments.

    Shapes: x (N, ...) -> y (N, ...); weights as x's axes that are normalised.
    Forward: y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), with the moments
        of each row along the axes.
    Backward: dbeta = sum(dy), dgamma = sum(dy xhat), over all other axes; with d = gamma dy,
        dx = (d - mean(d) - xhat mean(d xhat)) / sqrt(variance + epsilon).
    Cache: x and the moments, to find xhat again.
    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.

    Args:
        axis: one axis that is normalised, or several, counting the batch axis.
        epsilon: what the variance is increased by.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint: see Conv2D.
        name: of the layer.
        trainable: False freezes it.

    Raises:
        ArgumentError: an argument makes no sense, such as the batch axis for `axis`.
        ShapeError: inputs without these axes.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.Identifier = "zeros",
        gamma_initializer: initializers.Identifier = "ones",
        beta_regularizer: regularizers.Identifier = None,
        gamma_regularizer: regularizers.Identifier = None,
        beta_constraint: constraints.Identifier = None,
        gamma_constraint: constraints.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            name=name,
            trainable=trainable,
        )
        axes = axis if isinstance(axis, Sequence) else (axis,)
        if not axes:
            raise arguments.ArgumentError(
                "LayerNormalization axis: expected one axis or several, got none"
            )
        self.axis = tuple(arguments.axis("LayerNormalization axis", one) for one in axes)

    def weight_axes(self, shape: Shape) -> tuple[int, ...]:
        """The axes that are normalised."""
        return tuple(sorted({arguments.resolve_axis(self, axis, shape) for axis in self.axis}))

    def sets(self, ctx: Context, x: Array) -> Array:
        """The axes that are normalised last, and flat."""
        axes = self.weight_axes(x.shape[1:])
        moved = ctx.xp.moveaxis(x, axes, range(-len(axes), 0))
        size = math.prod(x.shape[axis] for axis in axes)
        sets: Array = moved.reshape(x.size // size, size)
        return sets

    def restored(self, ctx: Context, sets: Array, shape: Shape) -> Array:
        """The axes back where they were."""
        axes = self.weight_axes(shape[1:])
        others = [n for axis, n in enumerate(shape) if axis not in axes]
        moved = sets.reshape(*others, *(shape[axis] for axis in axes))
        x: Array = ctx.xp.moveaxis(moved, range(-len(axes), 0), axes)
        return x
