"""SGD: gradient descent."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch import schedules
from nnscratch.core.arguments import flag
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.optimizers.base import FRACTION, Optimizer, Slots

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with momentum: a velocity that gathers gradients and dies away.

    velocity = momentum * velocity - lr * g; the update is the velocity, or with `nesterov` one
    step ahead of it, momentum * velocity - lr * g. Without momentum both are -lr * g.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum".
    """

    learning_rate: schedules.Identifier = 0.01
    momentum: float = field(default=0.0, metadata=FRACTION)
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        flag("SGD nesterov", self.nesterov)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """A velocity, if there is momentum."""
        return {"velocity": ctx.k.zeros_like(params)} if self.momentum else {}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The velocity, or -lr * g."""
        return self._follow(ctx, None, gradients, slots, iteration)

    def descend(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameters after the step, in one pass."""
        if self.use_ema:
            return super().descend(ctx, params, gradients, slots, iteration)
        return self._follow(ctx, params, gradients, slots, iteration)

    def _follow(
        self, ctx: Context, params: Array | None, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The update, or the parameters that it moves, and the slots."""
        rate = self.learning_rate_at(iteration)
        if not self.momentum:
            return ctx.k.sgd(gradients, rate, params), {}
        result, velocity = ctx.k.momentum(
            gradients, slots["velocity"], rate, self.momentum, self.nesterov, params
        )
        return result, {"velocity": velocity}
