"""Optimizers that give every parameter a step size of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nnscratch import schedules
from nnscratch.core.arguments import flag
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.optimizers.base import (
    DECAY_RATE,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Optimizer,
    Slots,
)

__all__ = ["Adagrad", "Adam", "AdamW", "RMSprop"]


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by their running root mean square.

    s = rho * s + (1 - rho) * g^2; the update is -lr * g / sqrt(s + epsilon), with epsilon
    *inside* the root. With momentum, velocity = momentum * velocity + that update, is added.
    With `centered`, s is reduced by the square of the running mean m = rho * m + (1 - rho) * g:
    what is left is their variance.

    Source: Tieleman & Hinton 2012, Coursera lecture 6.5.
    """

    learning_rate: schedules.Identifier = 0.001
    rho: float = field(default=0.9, metadata=DECAY_RATE)
    momentum: float = field(default=0.0, metadata=FRACTION)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        flag("RMSprop centered", self.centered)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """A mean square, a velocity if there is momentum, and a mean if it is centred."""
        further = {"velocity": self.momentum, "mean": self.centered}
        names = ["mean_square", *(name for name, wanted in further.items() if wanted)]
        return {name: ctx.k.zeros_like(params) for name in names}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The scaled gradient, or the velocity."""
        updates, after = self._follow(ctx, None, gradients, slots, iteration)
        if self.centered:
            rate, mean_square = self.learning_rate_at(iteration), after["mean_square"]
            mean = after["mean"] = self.rho * slots["mean"] + (1 - self.rho) * gradients
            updates = -rate * gradients / ctx.xp.sqrt(mean_square - mean**2 + self.epsilon)
        if self.momentum:
            updates = after["velocity"] = self.momentum * slots["velocity"] + updates
        return updates, after

    def descend(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameters after the step, in one pass."""
        if self.use_ema or self.centered or self.momentum:
            return super().descend(ctx, params, gradients, slots, iteration)
        return self._follow(ctx, params, gradients, slots, iteration)

    def _follow(
        self, ctx: Context, params: Array | None, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The update, or the parameters that it moves, and the slots."""
        rate = self.learning_rate_at(iteration)
        result, mean_square = ctx.k.rmsprop(
            gradients, slots["mean_square"], rate, self.rho, self.epsilon, params
        )
        return result, {"mean_square": mean_square}


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares so far.

    a = a + g^2, from `initial_accumulator_value`; the update is -lr * g / sqrt(a + epsilon),
    with epsilon *inside* the root.

    Source: Duchi et al. 2011, "Adaptive subgradient methods".
    """

    learning_rate: schedules.Identifier = 0.001
    initial_accumulator_value: float = field(default=0.1, metadata=NOT_NEGATIVE)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The accumulator."""
        return {"accumulator": ctx.xp.full_like(params, self.initial_accumulator_value)}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The scaled gradient."""
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
        result, accumulator = ctx.k.adagrad(
            gradients, slots["accumulator"], rate, self.epsilon, params
        )
        return result, {"accumulator": accumulator}


@dataclass(frozen=True)
class Adam(Optimizer):
    """The running mean of gradients over the root of that of their squares.

    m += (g - m) (1 - beta_1); v += (g^2 - v) (1 - beta_2); at the t-th step, from 1, the update
    is -a m / (sqrt(v) + epsilon) with a = lr * sqrt(1 - beta_2^t) / (1 - beta_1^t). Epsilon is
    added to the uncorrected root, "epsilon hat" of the paper's section 2. Keras computes a in
    the parameters' dtype; here it is computed in float64 and rounded once.

    With `amsgrad` the largest v so far takes the place of v: a step never grows because large
    gradients are forgotten.

    Source: Kingma & Ba 2015, arXiv:1412.6980; Reddi et al. 2018, arXiv:1904.09237.
    """

    learning_rate: schedules.Identifier = 0.001
    beta_1: float = field(default=0.9, metadata=DECAY_RATE)
    beta_2: float = field(default=0.999, metadata=DECAY_RATE)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)
    amsgrad: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        flag(f"{type(self).__name__} amsgrad", self.amsgrad)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """Both moments, and the largest second one."""
        names = ["first_moment", "second_moment", *["largest"] * self.amsgrad]
        return {name: ctx.k.zeros_like(params) for name in names}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The first moment over the root of the second."""
        updates, after = self._follow(ctx, None, gradients, slots, iteration)
        if self.amsgrad:
            first, second = after["first_moment"], after["second_moment"]
            largest = after["largest"] = ctx.xp.maximum(slots["largest"], second)
            step_size = self._step_size(iteration)
            updates = -(first * step_size) / (ctx.xp.sqrt(largest) + self.epsilon)
        return updates, after

    def descend(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameters after the step, in one pass."""
        if self.use_ema or self.amsgrad:
            return super().descend(ctx, params, gradients, slots, iteration)
        return self._follow(ctx, params, gradients, slots, iteration)

    def _follow(
        self, ctx: Context, params: Array | None, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The update, or the parameters that it moves, and the slots."""
        result, first, second = ctx.k.adam(
            gradients,
            slots["first_moment"],
            slots["second_moment"],
            self._step_size(iteration),
            self.beta_1,
            self.beta_2,
            self.epsilon,
            params,
        )
        return result, {"first_moment": first, "second_moment": second}

    def _step_size(self, iteration: int) -> float:
        t = iteration + 1
        correction = math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return self.learning_rate_at(iteration) * correction


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay beside the gradient, not in it.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101; as in Keras the decay is multiplied by
    the learning rate.
    """

    weight_decay: float | None = field(default=0.004, metadata=NOT_NEGATIVE)
