"""Optimizers that are met now and then: array expressions, without kernels of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch import schedules
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.optimizers.base import DECAY_RATE, POSITIVE, Optimizer, Slots


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps of the size of the steps before, as far as the gradients keep theirs.

    s = rho s + (1 - rho) g^2; d = -g sqrt(a + epsilon) / sqrt(s + epsilon); then
    a = rho a + (1 - rho) d^2, and the update is lr * d. As d has the parameters' unit, lr = 1 is
    the paper's; Keras's default of 0.001 makes it very slow.

    Source: Zeiler 2012, arXiv:1212.5701.
    """

    learning_rate: schedules.Identifier = 0.001
    rho: float = field(default=0.95, metadata=DECAY_RATE)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The mean squares of gradients and of steps."""
        return {name: ctx.k.zeros_like(params) for name in ("mean_square", "mean_square_step")}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The step, times the learning rate."""
        old, share = slots["mean_square_step"], 1 - self.rho
        squares = self.rho * slots["mean_square"] + share * gradients**2
        step = -gradients * ctx.xp.sqrt((old + self.epsilon) / (squares + self.epsilon))
        steps = self.rho * old + share * step**2
        after = {"mean_square": squares, "mean_square_step": steps}
        return self.learning_rate_at(iteration) * step, after


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adam with the largest gradient so far, which fades, in the place of the mean square.

    m += (g - m) (1 - beta_1); u = max(beta_2 u, |g|); at the t-th step, from 1, the update is
    -lr / (1 - beta_1^t) * m / (u + epsilon).

    Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 2.
    """

    learning_rate: schedules.Identifier = 0.001
    beta_1: float = field(default=0.9, metadata=DECAY_RATE)
    beta_2: float = field(default=0.999, metadata=DECAY_RATE)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The running mean, and the largest magnitude."""
        return {name: ctx.k.zeros_like(params) for name in ("first_moment", "largest")}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The mean over the largest magnitude."""
        mean = slots["first_moment"] + (gradients - slots["first_moment"]) * (1 - self.beta_1)
        largest = ctx.xp.maximum(self.beta_2 * slots["largest"], abs(gradients))
        rate = self.learning_rate_at(iteration) / (1 - self.beta_1 ** (iteration + 1))
        updates = -rate * mean / (largest + self.epsilon)
        return updates, {"first_moment": mean, "largest": largest}
