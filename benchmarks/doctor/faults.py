"""What programs do wrong beside their descriptions' arguments: to gradients, and to axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from nnscratch import schedules
from nnscratch.core.context import Context
from nnscratch.core.errors import look_up
from nnscratch.core.layer import Shape, Spec
from nnscratch.kernels.ops import Array
from nnscratch.layers import Softmax
from nnscratch.optimizers import Optimizer
from nnscratch.optimizers.base import Slices, Slots

SUM = "gradient_sum"
"""The slot with the sum of all gradients."""


@dataclass(frozen=True, kw_only=True)
class Tampered(Optimizer):
    """An optimizer that is handed something else than the gradients."""

    inner: Optimizer

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The inner one's slots."""
        return self.inner.init(ctx, params)

    def clip(self, ctx: Context, gradients: Array, slices: Slices) -> Array:
        """As the inner one clips."""
        return self.inner.clip(ctx, gradients, slices)

    def decay(self, ctx: Context, params: Array, slices: Slices, iteration: int) -> Array | None:
        """As the inner one decays."""
        return self.inner.decay(ctx, params, slices, iteration)

    def with_learning_rate(self, value: schedules.Identifier) -> Self:
        """The inner one with another learning rate."""
        return replace(self, learning_rate=value, inner=self.inner.with_learning_rate(value))


class Negated(Tampered):
    """It is handed -g: it goes uphill."""

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The inner one's, for -g."""
        return self.inner.update(ctx, params, -gradients, slots, iteration)


class Accumulated(Tampered):
    """It is handed the sum of all gradients since the start: nobody sets them to zero."""

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The inner one's slots, and the sum."""
        return {**self.inner.init(ctx, params), SUM: ctx.k.zeros_like(params)}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The inner one's, for the sum."""
        total = ctx.k.add(slots[SUM], gradients)
        own = {name: slot for name, slot in slots.items() if name != SUM}
        update, after = self.inner.update(ctx, params, total, own, iteration)
        return update, {**after, SUM: total}


KINDS: dict[str, type[Tampered]] = {
    "negate_gradients": Negated,
    "accumulate_gradients": Accumulated,
}


def tampered(optimizer: Optimizer, fault: str) -> Optimizer:
    """An optimizer with one of the faults of the table."""
    kind = look_up("training fault", fault, KINDS)
    return kind(learning_rate=optimizer.learning_rate, inner=optimizer)


class BatchSoftmax(Softmax):
    """Softmax along the batch axis, over the rows: `Softmax` refuses it, since it is a mistake.

    Shapes: x (N, ...) -> y (N, ...).
    Forward, Backward, Cache: those of Softmax, with axis 0.
    """

    def __init__(self, *, name: str | None = None):
        super().__init__(name=name)
        self.axis = 0

    def spec(self, *in_shapes: Shape) -> Spec:
        """No weights, and the input's shape."""
        (shape,) = in_shapes
        return Spec(shape)
