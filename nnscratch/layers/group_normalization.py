"""GroupNormalization."""

from __future__ import annotations

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Shape, Spec
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.row_normalization import RowNormalization

__all__ = ["GroupNormalization"]


class GroupNormalization(RowNormalization):
    """Normalises groups of channels of each row by their own moments.

    One group is all channels and places of a row; as many groups as channels is also called
    instance normalisation.

    Shapes: x (N, ...) -> y (N, ...); weights (C,), C the length of the axis.
    Forward: y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), with the moments
        of each group of each row, over its channels and all places.
    Backward: dbeta = sum(dy), dgamma = sum(dy xhat), over all other axes; with d = gamma dy,
        dx = (d - mean(d) - xhat mean(d xhat)) / sqrt(variance + epsilon).
    Cache: x and the moments, to find xhat again.
    Source: Wu & He 2018, arXiv:1803.08494.

    Args:
        groups: how many, or -1 for as many as there are channels.
        axis: the channel axis, counting the batch axis.
        epsilon: what the variance is increased by.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint: see Conv2D.
        name: of the layer.
        trainable: False freezes it.

    Raises:
        ArgumentError: an argument makes no sense, such as the batch axis for `axis`.
        ShapeError: inputs without that axis, or channels that do not divide into the groups.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        one_each = groups == -1
        self.groups = None if one_each else arguments.positive("GroupNormalization groups", groups)
        self.axis = arguments.axis("GroupNormalization axis", axis)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        (axis,) = self.weight_axes(shape)
        channels = shape[axis - 1]
        if self.groups is not None and channels % self.groups:
            raise ShapeError(
                f"{self!r}: {channels} channels do not divide into {self.groups} groups; choose "
                f"groups that divide {channels}, or -1 for a group each"
            )
        return super().spec(*in_shapes)

    def weight_axes(self, shape: Shape) -> tuple[int, ...]:
        """The channel axis."""
        return (arguments.resolve_axis(self, self.axis, shape),)

    def sets(self, ctx: Context, x: Array) -> Array:
        """The channel axis behind the batch axis: groups are then side by side."""
        moved = ctx.xp.moveaxis(x, self.axis, 1)  # (N, C, ...)
        rows = len(x) * (self.groups or moved.shape[1])
        sets: Array = moved.reshape(rows, x.size // rows)
        return sets

    def restored(self, ctx: Context, sets: Array, shape: Shape) -> Array:
        """The channel axis back where it was."""
        axis = self.axis % len(shape)
        others = [n for place, n in enumerate(shape) if place not in (0, axis)]
        moved = sets.reshape(shape[0], shape[axis], *others)
        x: Array = ctx.xp.moveaxis(moved, 1, self.axis)
        return x
