"""BatchNormalization and UnitNormalization."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["BatchNormalization", "UnitNormalization"]

SMALLEST = 1e-12
"""What the square of a vector's length is raised to, so that 0 does not divide."""


class BatchNormalization(Layer):
    """Gives each channel a learned mean and spread, whatever it had.

    In training by the batch's own moments, which also move the moving averages; at inference, and
    where the layer is frozen, by the moving averages, which then stay as they are.

    Shapes: x (N, ...) -> y (N, ...); all weights (C,), C the length of the axis.
    Forward: y = gamma xhat + beta, xhat = (x - mean) / sqrt(variance + epsilon), with the moments
        of each channel over all other axes;
        moving = momentum moving + (1 - momentum) batch's, with the biased variance.
    Backward: dbeta = sum(dy), dgamma = sum(dy xhat), over all other axes; with g = gamma /
        sqrt(variance + epsilon),
        dx = g (dy - mean(dy) - xhat mean(dy xhat)) by the batch's moments,
        dx = g dy by the moving averages, which do not depend on x.
    Cache: x and the moments that were used, to find xhat again; whether they were the batch's.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167.

    Args:
        axis: the channel axis, counting the batch axis: -1, or 1 for channels first.
        momentum: share of the old average that a step keeps, in [0, 1].
        epsilon: what the variance is increased by.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer:
            first values.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: see Conv2D.
        name: of the layer.
        trainable: False freezes it.

    Raises:
        ArgumentError: an argument makes no sense, such as the batch axis for `axis`.
        ShapeError: inputs without that axis.
    """

    role = "norm"

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array
        mean: Array
        variance: Array
        own_moments: bool
        """Whether mean and variance are x's own, so that they depend on x."""

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.Identifier = "zeros",
        gamma_initializer: initializers.Identifier = "ones",
        moving_mean_initializer: initializers.Identifier = "zeros",
        moving_variance_initializer: initializers.Identifier = "ones",
        beta_regularizer: regularizers.Identifier = None,
        gamma_regularizer: regularizers.Identifier = None,
        beta_constraint: constraints.Identifier = None,
        gamma_constraint: constraints.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        self.axis = arguments.axis("BatchNormalization axis", axis)
        self.momentum = arguments.number("BatchNormalization momentum", momentum, low=0, high=1)
        self.epsilon = arguments.number("BatchNormalization epsilon", epsilon, low=0)
        self.center = arguments.flag("BatchNormalization center", center)
        self.scale = arguments.flag("BatchNormalization scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        channels = (shape[arguments.resolve_axis(self, self.axis, shape) - 1],)
        params = {}
        if self.scale:
            params["gamma"] = Param(
                channels,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            params["beta"] = Param(
                channels,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        params["moving_mean"] = Param(channels, self.moving_mean_initializer, trainable=False)
        params["moving_variance"] = Param(
            channels, self.moving_variance_initializer, trainable=False
        )
        return Spec(shape, params)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        view = self._view(x)  # (A, C, B)
        mean, variance = state["moving_mean"], state["moving_variance"]
        moved: Values = {}
        own_moments = ctx.training and not ctx.frozen
        if own_moments:
            batch_mean, batch_variance = ctx.k.moments(view)
            moved = {
                "moving_mean": self._move(mean, batch_mean),
                "moving_variance": self._move(variance, batch_variance),
            }
            mean, variance = batch_mean, batch_variance
        gamma = params["gamma"] if self.scale else ctx.xp.ones_like(mean)
        beta = params["beta"] if self.center else ctx.xp.zeros_like(mean)
        y = ctx.k.batch_norm(view, mean, variance, gamma, beta, self.epsilon)
        return Output(y.reshape(x.shape), self.Cache(x, mean, variance, own_moments), moved)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        x, mean, variance, own_moments = cache
        gamma = params["gamma"] if self.scale else ctx.xp.ones_like(mean)
        gradient = ctx.k.batch_norm_gradient if own_moments else ctx.k.batch_norm_inference_gradient
        dx, dgamma, dbeta = gradient(
            self._view(dy), self._view(x), mean, variance, gamma, self.epsilon
        )
        gradients = {}
        if self.scale:
            gradients["gamma"] = dgamma
        if self.center:
            gradients["beta"] = dbeta
        return Gradients((dx.reshape(x.shape),), gradients)

    def _view(self, x: Array) -> Array:
        """(N, ..., C, ...) as (A, C, B), as the kernels read it."""
        axis = self.axis % x.ndim
        before, channels = math.prod(x.shape[:axis]), x.shape[axis]
        return x.reshape(before, channels, math.prod(x.shape[axis + 1 :]))

    def _move(self, average: Array, value: Array) -> Array:
        return self.momentum * average + (1 - self.momentum) * value


class UnitNormalization(Layer):
    """Divides each vector by its length.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x / norm, norm = sqrt(max(sum(x^2), 1e-12)) along the axis.
    Backward: dx = (dy - y sum(dy y)) / norm: of dy, only what turns the vector is left. Where the
        vector is shorter than 1e-6 the norm is constant and dx = dy / norm.
    Cache: y and the norms, for the formula, and where the norm is not constant.
    Source: Keras 3, `UnitNormalization`.

    Raises:
        ArgumentError: the axis is the batch axis.
        ShapeError: inputs without that axis.
    """

    role = "norm"

    class Cache(NamedTuple):
        """What backward needs."""

        y: Array
        norm: Array
        varies: Array

    def __init__(self, axis: int = -1, *, name: str | None = None):
        super().__init__(name=name)
        self.axis = arguments.axis("UnitNormalization axis", axis)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        arguments.resolve_axis(self, self.axis, shape)
        return Spec(shape)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        squares = ctx.xp.sum(x * x, axis=self.axis, keepdims=True)  # 1 along the axis
        norm = ctx.xp.sqrt(ctx.xp.maximum(squares, SMALLEST))
        y = x / norm
        return Output(y, self.Cache(y, norm, squares >= SMALLEST))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        y, norm, varies = cache
        along = varies * ctx.xp.sum(dy * y, axis=self.axis, keepdims=True)  # 1 along the axis
        return Gradients(((dy - y * along) / norm,))
