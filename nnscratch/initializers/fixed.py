"""Initializers without chance: constants, unit matrices and values given by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.errors import DTypeError, ShapeError
from nnscratch.initializers.base import Fixed, Shape, Values


@dataclass(frozen=True)
class Constant(Fixed):
    """Every element is `value`."""

    value: float = 0.0

    def _fill(self, shape: Shape) -> Values:
        return np.full(shape, self.value, np.float64)


class Zeros(Constant):
    """Every element is 0."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Every element is 1."""

    def __init__(self) -> None:
        super().__init__(1.0)


@dataclass(frozen=True)
class Identity(Fixed):
    """`gain` times the unit matrix, for a matrix (in, out); what lies beyond the square is 0.

    Raises:
        ShapeError: at the call, for anything but a matrix, as in Keras.
    """

    gain: float = 1.0

    def _fill(self, shape: Shape) -> Values:
        if len(shape) != 2:
            raise ShapeError(
                f"Identity: expected a matrix (in, out), got the shape {shape}; the convolution "
                "kernel that passes its input on is Dirac()"
            )
        return self.gain * np.eye(*shape)


@dataclass(frozen=True)
class Dirac(Fixed):
    """A convolution kernel (kh, kw, in/groups, out) that passes its input on.

    Filter o of a group copies channel o of that group, as far as there is one, through a single
    tap of 1 at ((kh - 1) // 2, (kw - 1) // 2); all else is 0. So min(in, out) filters live, and
    with in == out, stride 1 and "same" padding the convolution is the identity: the tap is the
    middle one, and for an even size the earlier of the two, since "same" pads the end more.

    Args:
        groups: the layer's own number of groups, which the shape of a kernel does not tell.

    Raises:
        ShapeError: at the call, for anything but a convolution kernel with out divisible by
            groups.
    """

    groups: int = 1

    def _fill(self, shape: Shape) -> Values:
        kh, kw, channels, filters = kernel_shape("Dirac", shape)
        if self.groups < 1 or filters % self.groups:
            raise ShapeError(f"Dirac: {filters} filters do not form {self.groups} equal groups")
        channel = np.arange(filters) % (filters // self.groups)  # (out,), the one to be copied
        live = np.flatnonzero(channel < channels)
        kernel = np.zeros(shape)
        kernel[(kh - 1) // 2, (kw - 1) // 2, channel[live], live] = 1.0
        return kernel


@dataclass(frozen=True)
class UnitMatrix(Fixed):
    """A convolution kernel whose every window is a unit matrix: kernel[i, i, :, :] is 1.

    Raises:
        ShapeError: at the call, for anything but a convolution kernel.
    """

    def _fill(self, shape: Shape) -> Values:
        kh, kw, _, _ = kernel_shape("UnitMatrix", shape)
        return np.eye(kh, kw)[:, :, np.newaxis, np.newaxis] * np.ones(shape)  # (kh, kw, in, out)


@dataclass(frozen=True, eq=False)
class Array(Fixed):
    """The values given, which must have the weight's own shape.

    They are copied, to float64, when the initializer is made: later writes do not reach it.

    Raises:
        DTypeError: the values are not real numbers.
        ShapeError: at the call, where the weight has another shape.
    """

    values: NDArray[Any]

    def __post_init__(self) -> None:
        given = np.asarray(self.values)
        if given.dtype.kind not in "buif":
            raise DTypeError(f"Array: expected real numbers, got {given.dtype}")
        values = given.astype(np.float64)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def _fill(self, shape: Shape) -> Values:
        if self.values.shape != shape:
            raise ShapeError(
                f"Array: the weight has the shape {shape}, the values given {self.values.shape}"
            )
        return np.array(self.values)


def kernel_shape(call: str, shape: Shape) -> tuple[int, int, int, int]:
    """The shape of a convolution kernel, as such.

    Raises:
        ShapeError: it has not four axes.
    """
    if len(shape) != 4:
        raise ShapeError(
            f"{call}: expected a convolution kernel (kh, kw, in/groups, out), got the shape {shape}"
        )
    kh, kw, channels, filters = shape
    return kh, kw, channels, filters
