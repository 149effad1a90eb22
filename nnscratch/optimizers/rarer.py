"""Optimizers that are met now and then: array expressions, without kernels of their own."""

from __future__ import annotations

import itertools
import math
import operator
from dataclasses import dataclass, field

from nnscratch import schedules
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.optimizers.base import DECAY_RATE, POSITIVE, Optimizer, Slots, within

__all__ = ["Adadelta", "Adamax", "Lion", "Nadam"]

FADING = 0.96
"""How Nadam's momentum warms up: at the t-th step, from 1, it is beta_1 (1 - 0.96^t / 2)."""
WARM_UPS = (1.0, *itertools.accumulate((1 - FADING**t / 2 for t in range(1, 1001)), operator.mul))
"""The products of the first of these factors; from the 1000th on, one is 1."""


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


@dataclass(frozen=True)
class Nadam(Optimizer):
    """Adam that looks one step ahead, as Nesterov's momentum does.

    m += (g - m) (1 - beta_1); v += (g^2 - v) (1 - beta_2); with u_t = beta_1 (1 - 0.96^t / 2) and
    U_t = u_1 u_2 ... u_t, n = u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t); the update at
    the t-th step, from 1, is -lr n / (sqrt(v / (1 - beta_2^t)) + epsilon).

    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    learning_rate: schedules.Identifier = 0.001
    beta_1: float = field(default=0.9, metadata=DECAY_RATE)
    beta_2: float = field(default=0.999, metadata=DECAY_RATE)
    epsilon: float = field(default=1e-7, metadata=POSITIVE)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """Both moments."""
        return {name: ctx.k.zeros_like(params) for name in ("first_moment", "second_moment")}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The mean as the next step will see it, over the root of the second moment."""
        t = iteration + 1
        now, ahead = (self.beta_1 * (1 - FADING**i / 2) for i in (t, t + 1))
        first = slots["first_moment"] + (gradients - slots["first_moment"]) * (1 - self.beta_1)
        second = slots["second_moment"]
        second = second + (gradients**2 - second) * (1 - self.beta_2)
        mean = first * (ahead / (1 - self._product(t + 1)))
        mean = mean + gradients * ((1 - now) / (1 - self._product(t)))
        root = ctx.xp.sqrt(second / (1 - self.beta_2**t))
        updates = -self.learning_rate_at(iteration) * mean / (root + self.epsilon)
        return updates, {"first_moment": first, "second_moment": second}

    def _product(self, t: int) -> float:
        """The product of the first t momenta."""
        return float(math.pow(self.beta_1, t) * WARM_UPS[min(t, len(WARM_UPS) - 1)])


@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one length, in the direction of the sign of a running mean.

    The update is -lr * sign(beta_1 m + (1 - beta_1) g); then m = beta_2 m + (1 - beta_2) g.

    Source: Chen et al. 2023, arXiv:2302.06675.
    """

    learning_rate: schedules.Identifier = 0.001
    beta_1: float = field(default=0.9, metadata=within(above=0, high=1))
    beta_2: float = field(default=0.99, metadata=DECAY_RATE)

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The running mean."""
        return {"first_moment": ctx.k.zeros_like(params)}

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The sign of the mean and the gradient together."""
        mean = slots["first_moment"]
        direction = ctx.xp.sign(self.beta_1 * mean + (1 - self.beta_1) * gradients)
        mean = self.beta_2 * mean + (1 - self.beta_2) * gradients
        return -self.learning_rate_at(iteration) * direction, {"first_moment": mean}
