"""Activations: one call of their own each, so that the pre-activation exists and can be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import look_up
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array, Curve
from nnscratch.layers import arguments
from nnscratch.layers.elementwise import FLAT, LOGISTIC, Elementwise
from nnscratch.layers.gated_activations import GELU, SiLU
from nnscratch.layers.rarer_activations import (
    SELU,
    Exponential,
    HardSigmoid,
    Softplus,
    Softsign,
)
from nnscratch.layers.softmax import LogSoftmax, Softmax

__all__ = ["ELU", "Activation", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Tanh"]


class Linear(Elementwise):
    """The identity.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x.
    Backward: dx = dy.
    Cache: nothing.
    """

    role = "activation"
    aliases = True

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(x)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy,))


class Pointwise(Elementwise):
    """Base of functions of each number, whose result alone tells their slope.

    So a product before it may apply it to its own results.
    """

    role = "activation"
    curve: Curve

    class Cache(NamedTuple):
        """What backward needs."""

        y: Array

    def applied(self, y: Array) -> Output:
        return Output(y, self.Cache(y))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        function, arguments = self.curve
        return self.applied(getattr(ctx.k, function)(*xs, *arguments))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        function, arguments = self.curve
        return Gradients((getattr(ctx.k, f"{function}_gradient")(dy, cache.y, *arguments),))


class Rectifier(Pointwise):
    """Base of ReLU and LeakyReLU, which differ in their arguments only."""

    def __init__(
        self,
        max_value: float | None,
        negative_slope: float,
        threshold: float,
        *,
        name: str | None,
    ):
        super().__init__(name=name)
        kind = type(self).__name__
        self.negative_slope = arguments.number(f"{kind} negative_slope", negative_slope, low=0)
        self.threshold = arguments.number(f"{kind} threshold", threshold, low=0)
        self.max_value = math.inf
        if max_value is not None:
            self.max_value = arguments.number(f"{kind} max_value", max_value, low=self.threshold)
        low = 0.0 if self.negative_slope < FLAT else -math.inf
        if math.isfinite(low) or math.isfinite(self.max_value):
            self.saturation = (low, self.max_value)
        self.curve = Curve("relu", (self.negative_slope, self.max_value, self.threshold))


class ReLU(Rectifier):
    """Rectified linear unit.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = max(x, 0); in general max_value where x >= max_value, x down to the threshold and
        negative_slope (x - threshold) below it.
    Backward: dx = dy where x > threshold, negative_slope dy elsewhere, 0 where x >= max_value.
        So ReLU'(0) = 0.
    Cache: y, which tells the side of the threshold that x is on.
    Source: Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

    Raises:
        ArgumentError: a negative slope or threshold, or a maximum below the threshold.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        *,
        name: str | None = None,
    ):
        super().__init__(max_value, negative_slope, threshold, name=name)


class LeakyReLU(Rectifier):
    """Rectified linear unit that lets a little through: a unit below 0 can still learn.

    The layer's slope is 0.3, that of the name "leaky_relu" is 0.2: both are Keras's.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x where x >= 0, else negative_slope x.
    Backward: dx = dy where x > 0, else negative_slope dy.
    Cache: y, which has x's sign.
    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic
        models".

    Raises:
        ArgumentError: a negative slope.
    """

    def __init__(self, negative_slope: float = 0.3, *, name: str | None = None):
        super().__init__(None, negative_slope, 0.0, name=name)


class ELU(Pointwise):
    """Exponential linear unit.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x where x > 0, else alpha (exp(x) - 1).
    Backward: dx = dy where y >= 0, else dy (y + alpha).
    Cache: y, which has x's sign, and spares another exp.
    Source: Clevert et al. 2015, arXiv:1511.07289.

    Raises:
        ArgumentError: alpha is not a finite number above 0; with 0 it would be ReLU.
    """

    def __init__(self, alpha: float = 1.0, *, name: str | None = None):
        super().__init__(name=name)
        self.alpha = arguments.number("ELU alpha", alpha, above=0)
        # Below 0 the slope is y + alpha.
        self.saturation = (min(FLAT * max(1.0, self.alpha) - self.alpha, 0.0), math.inf)
        self.curve = Curve("elu", (self.alpha,))


class Sigmoid(Pointwise):
    """Logistic function.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = 1 / (1 + exp(-x)), without overflow.
    Backward: dx = dy y (1 - y), a quarter of dy at the most.
    Cache: y, which tells the derivative without another exp.
    """

    saturation = LOGISTIC
    curve = Curve("sigmoid")


class Tanh(Pointwise):
    """Hyperbolic tangent.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = tanh(x).
    Backward: dx = dy (1 - y^2).
    Cache: y, which tells the derivative without another tanh.
    """

    saturation = (-math.sqrt(1 - FLAT), math.sqrt(1 - FLAT))
    curve = Curve("tanh")


ACTIVATIONS: tuple[type[Layer], ...] = (
    ELU,
    Exponential,
    GELU,
    HardSigmoid,
    LogSoftmax,
    ReLU,
    SELU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
BY_NAME: dict[str, Callable[[], Layer | None]] = {
    **{layer.kind: layer for layer in ACTIVATIONS},
    "leaky_relu": lambda: LeakyReLU(0.2),
    "linear": lambda: None,
    "swish": SiLU,
}


def get(identifier: str | Layer | None) -> Layer | None:
    """The activation layer of a Keras name, or the layer itself; None for None and "linear".

    Raises:
        UnknownNameError: there is none of that name.
        ArgumentError: the identifier is neither a name nor a layer, or a layer with an activation
            of its own, which nobody would call.
    """
    if isinstance(identifier, Layer) and identifier.activation is not None:
        raise arguments.ArgumentError(
            f"activation: {identifier!r} has an activation of its own, which would not follow it; "
            "call it as a layer of its own instead"
        )
    if identifier is None or isinstance(identifier, Layer):
        return identifier
    if not isinstance(identifier, str):
        raise arguments.ArgumentError(
            "activation: expected a name or a layer such as LeakyReLU(0.1), "
            f"got {identifier!r}; a function of your own is nn.Lambda(forward, backward)"
        )
    return look_up("activation", identifier, BY_NAME)()


class Activation(Layer):
    """The activation of that name, as a layer. "linear" is the identity.

    Shapes: x (N, ...) -> y (N, ...).
    Forward, Backward, Cache: the named layer's own.

    Raises:
        UnknownNameError: there is no such activation.
    """

    def __init__(self, activation: str | Layer, *, name: str | None = None):
        super().__init__(name=name)
        self.function = get(activation) or Linear()
        self.role = self.function.role
        self.saturation = self.function.saturation
        self.aliases = self.function.aliases
        self.curve = self.function.curve

    def spec(self, *in_shapes: Shape) -> Spec:
        return self.function.spec(*in_shapes)

    def applied(self, y: Array) -> Output:
        return self.function.applied(y)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return self.function.forward(ctx, params, state, *xs)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return self.function.backward(ctx, params, cache, dy)
