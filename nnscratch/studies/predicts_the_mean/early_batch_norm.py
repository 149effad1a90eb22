"""Batch norm as it was in Keras 0.3, the version that question 003 was asked about."""

from __future__ import annotations

from typing import Any, NamedTuple

import nnscratch as nn
from nnscratch.core.layer import Shape, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

SPREAD = 0.05
"""Gammas start between minus and plus this."""


class EarlyBatchNormalization(nn.Layer):
    """Normalises every unit by running averages: in training, too.

    Today's batch norm has a mean and a variance for each channel, and in training takes those of
    the batch. Here each place of each channel has its own, and both modes take the averages, as
    the step found them: so both compute the same, and nothing bounds what is rare. A value that
    differs from N - 1 others of its batch lies no more than sqrt(N - 1) deviations from their
    mean; from that of a running average, which has seen a constant so far, it lies
    1 / sqrt(epsilon) times its own size.

    Shapes: x (N, ...) -> y (N, ...); all weights as x without N.
    Forward: y = gamma xhat + beta, xhat = (x - mean) / (deviation + epsilon), with the averages;
        in training they move: average = momentum average + (1 - momentum) batch's, with the
        deviation sqrt(mean((x - batch's mean)^2) + epsilon).
    Backward: dbeta = sum(dy), dgamma = sum(dy xhat), over N; dx = dy gamma / (deviation +
        epsilon), for the averages that were used do not depend on x.
    Cache: xhat, and what it was divided by.
    Source: Keras 0.3.0 and 0.3.1, keras/layers/normalization.py, mode 0. Its pull requests 1470
        (January 2016) and 1861 (March 2016) made it what it is today.

    Args:
        gamma_initializer: first scales; Keras 0.3 drew them evenly from -0.05 to 0.05.
        momentum: share of the old average that a step keeps.
        epsilon: what keeps a deviation from 0.
        name: of the layer.

    Raises:
        ShapeError: not one input.
    """

    role = "norm"

    class Cache(NamedTuple):
        """What backward needs."""

        xhat: Array
        divisor: Array

    def __init__(
        self,
        gamma_initializer: nn.initializers.Identifier = "ones",
        momentum: float = 0.9,
        epsilon: float = 1e-6,
        *,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.gamma_initializer = nn.initializers.get(gamma_initializer)
        self.momentum = arguments.number("momentum", momentum, low=0, high=1)
        self.epsilon = arguments.number("epsilon", epsilon, low=0)

    def spec(self, *in_shapes: Shape) -> nn.Spec:
        """A scale, a shift, a mean and a deviation for every unit."""
        shape = arguments.one_shape(self, in_shapes)
        zeros, ones = nn.initializers.get("zeros"), nn.initializers.get("ones")
        return nn.Spec(
            shape,
            {
                "gamma": nn.Param(shape, self.gamma_initializer),
                "beta": nn.Param(shape, zeros),
                "moving_mean": nn.Param(shape, zeros, trainable=False),
                "moving_deviation": nn.Param(shape, ones, trainable=False),
            },
        )

    def forward(self, ctx: nn.Context, params: Values, state: Values, *xs: Array) -> nn.Output:
        """Normalise by the averages, and in training move them."""
        (x,) = xs
        mean, deviation = state["moving_mean"], state["moving_deviation"]
        moved: Values = {}
        if ctx.training and not ctx.frozen:
            batch_mean = ctx.xp.mean(x, axis=0)
            square = ctx.xp.mean(ctx.xp.square(x - batch_mean), axis=0)
            moved = {
                "moving_mean": self._move(mean, batch_mean),
                "moving_deviation": self._move(deviation, ctx.xp.sqrt(square + self.epsilon)),
            }
        divisor = deviation + self.epsilon
        xhat = (x - mean) / divisor
        return nn.Output(params["gamma"] * xhat + params["beta"], self.Cache(xhat, divisor), moved)

    def _move(self, average: Array, batch: Array) -> Array:
        return self.momentum * average + (1 - self.momentum) * batch

    def backward(self, ctx: nn.Context, params: Values, cache: Any, dy: Array) -> nn.Gradients:
        """The averages that were used are constants."""
        xhat, divisor = cache
        gradients = {"gamma": ctx.xp.sum(dy * xhat, axis=0), "beta": ctx.xp.sum(dy, axis=0)}
        return nn.Gradients((dy * params["gamma"] / divisor,), gradients)
