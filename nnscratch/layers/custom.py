"""Lambda: a function of the user's own, with its derivative."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnscratch.core.context import Context
from nnscratch.core.errors import DTypeError, NNError, ShapeError
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["Lambda"]

Inputs = tuple[Array, ...]

STEPS = (1e-5, 1e-6, 1e-7)
"""Lengths of the differences. A right derivative agrees at one of them at least, even where a kink
lies nearby; a wrong one at none."""
RELATIVE = 1e-5
ABSOLUTE = 1e-8
"""Allowed error against sum |dy y|: what rounding leaves of a difference at the shortest step."""


class DerivativeError(NNError, ValueError):
    """A function that was given as a derivative and is not, or that cannot be checked."""


class Lambda(Layer):
    """A function of your own: `nn.Lambda(lambda x: x**2, lambda dy, x: dy * 2 * x)`.

    The functions see whole batches, (N, ...), of the backend's arrays. They have no weights, must
    not write to what they are given, and must keep its dtype. When the layer is called on symbols
    they are tried on a few float64 rows of NumPy: that tells the output's shape, and whether the
    derivative is the function's (compared with central differences along a random direction).

    Shapes: x (N, ...), one or several -> y (N, ...), as `forward` makes it.
    Forward: y = forward(*xs).
    Backward: dx = backward(dy, *xs), a tuple where there are several inputs.
    Cache: the inputs, for backward to read.

    Args:
        forward: the function.
        backward: its derivative: the gradient of sum(dy * forward(*xs)) by each x.
        check: False to believe the derivative, such as one that is not meant to be exact.
        name: of the layer.

    Raises:
        ArgumentError: an argument is no function.
        ShapeError, DTypeError: the functions return something else than they should.
        DerivativeError: backward is not the derivative of forward.
    """

    aliases = True

    class Cache(NamedTuple):
        """What backward needs."""

        xs: Inputs

    def __init__(
        self,
        forward: Callable[..., Array],
        backward: Callable[..., Array | Inputs],
        *,
        check: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name)
        for what, function in (("forward", forward), ("backward", backward)):
            if not callable(function):
                raise arguments.ArgumentError(
                    f"Lambda {what}: expected a function, got {function!r}"
                )
        self.function = forward
        self.derivative = backward
        self.check = arguments.flag("Lambda check", check)

    def spec(self, *in_shapes: Shape) -> Spec:
        with np.errstate(all="ignore"):
            batches = list(samples(in_shapes))
            shapes = {self._try(xs) for xs in batches}
            if len(shapes) > 1:
                raise ShapeError(
                    f"{self!r}: the rows of forward's output must not depend on how many there "
                    f"are, got {sorted(shapes)}"
                )
            if self.check:
                self._check_derivative(batches)
        return Spec(shapes.pop())

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(self.function(*xs), self.Cache(xs))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients(self._gradients(dy, cache.xs))

    def __repr__(self) -> str:
        names = (getattr(f, "__name__", repr(f)) for f in (self.function, self.derivative))
        return f"Lambda({', '.join(names)})"

    def _try(self, xs: Inputs) -> Shape:
        """The shape of forward's rows."""
        try:
            y = self.function(*xs)
        except ValueError as error:
            raise ShapeError(
                f"{self!r}: forward fails on {describe((x.shape, x.dtype) for x in xs)}: {error}"
            ) from error
        if not isinstance(y, np.ndarray) or y.ndim == 0 or len(y) != len(xs[0]):
            got = np.shape(y) if isinstance(y, np.ndarray | np.generic) else type(y).__name__
            raise ShapeError(
                f"{self!r}: forward must return one array with as many rows as it was given, "
                f"{len(xs[0])}, got {got}"
            )
        if y.dtype != xs[0].dtype:
            raise DTypeError(f"{self!r}: forward read {xs[0].dtype}, returned {y.dtype}; keep it")
        return y.shape[1:]

    def _gradients(self, dy: Array, xs: Inputs) -> Inputs:
        """What backward returns, one array for each input."""
        returned = self.derivative(dy, *xs)
        gradients = returned if isinstance(returned, tuple) else (returned,)
        got = [(getattr(g, "shape", None), getattr(g, "dtype", type(g))) for g in gradients]
        if got != [(x.shape, x.dtype) for x in xs]:
            raise ShapeError(
                f"{self!r}: backward must return one gradient for each input, of its shape and "
                f"dtype: {describe((x.shape, x.dtype) for x in xs)}; got {describe(got)}"
            )
        return gradients

    def _check_derivative(self, batches: Sequence[Inputs]) -> None:
        """Check it at those rows where forward is finite."""
        checkable = [xs for xs in batches if np.isfinite(self.function(*xs)).all()]
        if not checkable:
            raise DerivativeError(
                f"{self!r}: forward is not finite at any of the rows tried, standard normal ones "
                "and ones between 0.1 and 0.9, so its derivative cannot be checked; pass "
                "check=False to use it all the same"
            )
        for xs in checkable:
            self._check_at(xs)

    def _check_at(self, xs: Inputs) -> None:
        """Compare backward with differences, at these rows and along one direction per input."""
        rng = np.random.default_rng(0)
        y = self.function(*xs)
        dy = rng.standard_normal(y.shape)
        floor = ABSOLUTE * float(np.sum(np.abs(dy * y)))
        for place, dx in enumerate(self._gradients(dy, xs)):
            direction = rng.standard_normal(dx.shape)
            claimed = float(np.sum(dx * direction))
            measured = [self._slope(dy, xs, place, step * direction, step) for step in STEPS]
            if not any(abs(claimed - slope) <= RELATIVE * abs(slope) + floor for slope in measured):
                raise DerivativeError(
                    f"{self!r}: backward is not the derivative of forward by input {place}: along "
                    f"a random direction it gives {claimed:.6g}, central differences "
                    f"{measured[0]:.6g}; backward must return the gradient of "
                    "sum(dy * forward(x)) by x (check=False to use it all the same)"
                )

    def _slope(self, dy: Array, xs: Inputs, place: int, shift: Array, step: float) -> float:
        """Central difference of sum(dy * y) when one input is shifted."""
        after = self.function(*xs[:place], xs[place] + shift, *xs[place + 1 :])
        before = self.function(*xs[:place], xs[place] - shift, *xs[place + 1 :])
        return float(np.sum(dy * (after - before))) / (2 * step)


def samples(in_shapes: Sequence[Shape]) -> Iterator[Inputs]:
    """Read-only rows to try a function on: normal ones, and ones that suit sqrt, log and arcsin.

    The second batch has another number of rows, so that a function that relies on it is seen.
    """
    rng = np.random.default_rng(0)
    for xs in (
        [rng.standard_normal((2, *shape)) for shape in in_shapes],
        [rng.uniform(0.1, 0.9, (3, *shape)) for shape in in_shapes],
    ):
        for x in xs:
            x.flags.writeable = False
        yield tuple(xs)


def describe(arrays: Any) -> str:
    """Shapes and dtypes, for messages."""
    return ", ".join(f"{shape} {dtype}" for shape, dtype in arrays)
