"""RowNormalization: what LayerNormalization and GroupNormalization share, which is nearly all.

Rows are normalised by their own moments. The batch has no say in it, so training and inference are
the same, and there is no state.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, NamedTuple

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments


class RowNormalization(Layer):
    """Base of layers that normalise sets of numbers within each row, then scale and shift."""

    role = "norm"

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array
        mean: Array
        variance: Array

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: initializers.Identifier,
        gamma_initializer: initializers.Identifier,
        beta_regularizer: regularizers.Identifier,
        gamma_regularizer: regularizers.Identifier,
        beta_constraint: constraints.Identifier,
        gamma_constraint: constraints.Identifier,
        *,
        name: str | None,
        trainable: bool,
    ):
        super().__init__(name=name, trainable=trainable)
        kind = type(self).__name__
        self.epsilon = arguments.number(f"{kind} epsilon", epsilon, low=0)
        self.center = arguments.flag(f"{kind} center", center)
        self.scale = arguments.flag(f"{kind} scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    @abstractmethod
    def weight_axes(self, shape: Shape) -> tuple[int, ...]:
        """The axes of x (N, *shape) that gamma and beta have, in order."""

    @abstractmethod
    def sets(self, ctx: Context, x: Array) -> Array:
        """X as (S, F): each row holds a set of numbers that share their moments."""

    @abstractmethod
    def restored(self, ctx: Context, sets: Array, shape: Shape) -> Array:
        """The inverse of `sets`, for x of that whole shape."""

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        weights = tuple(shape[axis - 1] for axis in self.weight_axes(shape))
        params = {}
        if self.scale:
            params["gamma"] = Param(
                weights,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            params["beta"] = Param(
                weights,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        return Spec(shape, params)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        mean, variance = ctx.k.moments(self.sets(ctx, x)[None])
        y = self._normalized(ctx, x, mean, variance)
        if self.scale:
            y = y * self._spread(params["gamma"], x)
        if self.center:
            y = y + self._spread(params["beta"], x)
        return Output(y, self.Cache(x, mean, variance))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        x, mean, variance = cache
        gradients = {}
        if self.scale:
            normalized = self._normalized(ctx, x, mean, variance)
            gradients["gamma"] = self._summed(ctx, dy * normalized)
        if self.center:
            gradients["beta"] = self._summed(ctx, dy)
        upstream = dy * self._spread(params["gamma"], x) if self.scale else dy
        views = self.sets(ctx, upstream)[None], self.sets(ctx, x)[None]  # (1, S, F)
        ones = ctx.xp.ones_like(mean)
        dx, _, _ = ctx.k.batch_norm_gradient(*views, mean, variance, ones, self.epsilon)
        return Gradients((self.restored(ctx, dx[0], x.shape),), gradients)

    def _normalized(self, ctx: Context, x: Array, mean: Array, variance: Array) -> Array:
        view = self.sets(ctx, x)[None]  # (1, S, F)
        ones, zeros = ctx.xp.ones_like(mean), ctx.xp.zeros_like(mean)
        sets = ctx.k.batch_norm(view, mean, variance, ones, zeros, self.epsilon)[0]
        return self.restored(ctx, sets, x.shape)

    def _spread(self, weight: Array, x: Array) -> Array:
        """A weight, broadcastable to x."""
        axes = self.weight_axes(x.shape[1:])
        return weight.reshape([n if axis in axes else 1 for axis, n in enumerate(x.shape)])

    def _summed(self, ctx: Context, x: Array) -> Array:
        """The sum of x over all axes but the weights' own."""
        axes = self.weight_axes(x.shape[1:])
        shape = [x.shape[axis] for axis in axes]
        last = ctx.xp.moveaxis(x, axes, range(-len(axes), 0))  # the weights' axes last
        return ctx.k.bias_gradient(last.reshape(-1, math.prod(shape))).reshape(shape)
