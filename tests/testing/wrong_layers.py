"""A right layer, and one wrong layer for every way in which a backward pass goes wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nnscratch import initializers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.ops import Array


class Cache(NamedTuple):
    x: Array


class Linear(Layer):
    """y = x @ kernel + bias, with a square kernel; right in every respect."""

    def spec(self, *in_shapes: Shape) -> Spec:
        if len(in_shapes) != 1 or len(in_shapes[0]) != 1:
            raise ShapeError(f"{self!r}: expected one input (N, C), got {in_shapes}")
        (length,) = in_shapes[0]
        kernel = Param((length, length), initializers.get("glorot_uniform"))
        return Spec((length,), {"kernel": kernel, "bias": Param((length,), np_zeros)})

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(x @ params["kernel"] + params["bias"], Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        gradients = {"kernel": cache.x.T @ dy, "bias": dy.sum(axis=0)}
        return Gradients((dy @ params["kernel"].T,), gradients)


def np_zeros(shape: Shape, rng: np.random.Generator) -> Array:
    return np.zeros(shape)


class Elementwise(Layer):
    """A layer without weights whose output has its input's shape."""

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(in_shapes[0])


class Flat(Elementwise):
    """y = `value(x)`, whose derivative is 0 wherever there is one."""

    def __init__(self, value: Any):
        super().__init__()
        self.value = value

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(self.value(xs[0]))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((0 * dy,))


# -- wrong gradients ------------------------------------------------------------------------------


class WrongFactor(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {**gradients, "kernel": 2 * gradients["kernel"]})


class WrongSign(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (dx,), gradients = super().backward(ctx, params, cache, dy)
        assert dx is not None
        return Gradients((-dx,), gradients)


class ForgottenSum(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {**gradients, "bias": dy[0]})


class TransposedKernelGradient(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {**gradients, "kernel": gradients["kernel"].T})


class ZeroKernelGradient(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {**gradients, "kernel": np.zeros_like(gradients["kernel"])})


class OneWrongElement(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        bias = gradients["bias"].copy()
        bias[-1] *= 1.001
        return Gradients(dx, {**gradients, "bias": bias})


class NoInputGradient(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((None,), super().backward(ctx, params, cache, dy).params)


class NaNGradient(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {**gradients, "bias": np.full_like(gradients["bias"], np.nan)})


# -- broken rules ---------------------------------------------------------------------------------


class WritesToDy(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        gradients = super().backward(ctx, params, cache, dy)
        dy *= 2
        return gradients


class WritesToInput(Linear):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        output = super().forward(ctx, params, state, *xs)
        xs[0][...] = 0
        return output


class WritesToParameter(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        gradients = super().backward(ctx, params, cache, dy)
        params["kernel"][...] -= 0.1 * gradients.params["kernel"]
        return gradients


class ReturnsItsInput(Elementwise):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(xs[0])

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy,))


class CachesOnItself(Linear):
    def __init__(self) -> None:
        super().__init__()
        self.memory: dict[str, Array] = {}

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        self.memory["x"] = xs[0]
        return super().forward(ctx, params, state, *xs)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return super().backward(ctx, params, Cache(self.memory["x"]), dy)


class WrongOutputShape(Linear):
    def spec(self, *in_shapes: Shape) -> Spec:
        declared = super().spec(*in_shapes)
        return Spec((1, *declared.output_shape), declared.params)


class ForgetsBatchAxis(Linear):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(np.squeeze(y), cache)


class LooksAtOtherRows(Elementwise):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(xs[0] - xs[0].mean(axis=0))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy - dy.mean(axis=0),))


class ReadsMemoryInOrder(Elementwise):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(2 * xs[0].ravel(order="K").reshape(xs[0].shape))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((2 * dy,))


class AlwaysFloat64(Linear):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(y.astype(np.float64), cache)


class RoughInFloat32(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        if dy.dtype == np.float32:
            dy = dy.astype(np.float16).astype(np.float32)
        return super().backward(ctx, params, cache, dy)


class EmptiesItsCache(Linear):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(y, [cache, cache._replace(x=0 * cache.x)])

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return super().backward(ctx, params, cache.pop(0), dy)


class CountsInInference(Linear):
    def spec(self, *in_shapes: Shape) -> Spec:
        declared = super().spec(*in_shapes)
        calls = Param((), np_zeros, trainable=False)
        return Spec(declared.output_shape, {**declared.params, "calls": calls})

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(y, cache, {"calls": state["calls"] + 1})


class NoBiasGradient(Linear):
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx, gradients = super().backward(ctx, params, cache, dy)
        return Gradients(dx, {"kernel": gradients["kernel"]})


class UndeclaredState(Linear):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(y, cache, {"calls": np.ones(())})


class ReadsAnyShape(Linear):
    def spec(self, *in_shapes: Shape) -> Spec:
        return super().spec(in_shapes[0][-1:])


class StumblesOverShapes(Linear):
    def spec(self, *in_shapes: Shape) -> Spec:
        return super().spec((in_shapes[0][0],))
