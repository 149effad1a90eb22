"""Whose convolutions are measured: a backend's algorithms, and which of them its models take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

from nnscratch.backend import TF32
from nnscratch.kernels.cupy import conv as cupy
from nnscratch.kernels.cupy.conv import implicit_gemm
from nnscratch.kernels.cupy.tiles import TENSOR
from nnscratch.kernels.numba.conv import ALGORITHMS, Shape, choice
from nnscratch.kernels.numba.finish import NOTHING, Finish

AUTO = "auto"
"""Not an algorithm: what a model takes where exact=False."""
TOLERANCE = 5e-5
"""The largest error over the largest output that `Ops.conv2d` allows where exact=False."""


@dataclass(frozen=True)
class Kernels:
    """A backend's."""

    backend: str
    algorithms: Mapping[str, Any]
    """Each has functions `conv2d`, `input_gradient`, `kernel_gradient`, or some of them."""
    fits: Callable[[str, str, Shape], bool]
    """Whether an algorithm has one of the three functions, and can do a shape."""
    choose: Callable[[str, Shape], str]
    """The algorithm that a model takes for one of the three functions and a shape."""
    finish: tuple[Finish, ...] = ()
    """What `conv2d` is told to do with its results besides."""
    tolerance: float = TOLERANCE
    """The largest error over the largest output that is right."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all that can be measured."""
        return (*self.algorithms, AUTO)


CHOICES: Mapping[str, Callable[[Shape, bool], str]] = MappingProxyType(
    {
        "conv2d": choice.forward,
        "input_gradient": choice.input_gradient,
        "kernel_gradient": choice.kernel_gradient,
    }
)
NUMBA = Kernels(
    "numba",
    ALGORITHMS,
    lambda name, function, shape: ALGORITHMS[name].has(function) and ALGORITHMS[name].fits(shape),
    lambda function, shape: CHOICES[function](shape, False),
    finish=(NOTHING[4],),
)


def cupys(shape: Shape) -> cupy.Shape:
    """The shape as the GPU's choice knows it."""
    return cupy.Shape(*shape[:6])


CUPY = Kernels(
    "cupy",
    cupy.ALGORITHMS,
    lambda name, function, shape: name != "product" or cupy.choice.is_matrix(cupys(shape)),
    lambda function, shape: cupy.choice.of(cupys(shape)),
)

TENSOR_CORES = SimpleNamespace(
    **{name: partial(getattr(implicit_gemm, name), tile=TENSOR) for name in CHOICES}
)
CUPY_TF32 = Kernels(
    f"cupy:{TF32}",
    MappingProxyType({"tensor": TENSOR_CORES}),
    lambda name, function, shape: True,
    lambda function, shape: "direct" if CUPY.choose(function, shape) == "direct" else "tensor",
    # Each factor is off by 2^-11 at most: some 4e-4 of the largest sum of normal products.
    tolerance=2e-3,
)

KERNELS = MappingProxyType({kernels.backend: kernels for kernels in (NUMBA, CUPY, CUPY_TF32)})
"""By the backend's name."""
NAMES = tuple(dict.fromkeys(name for kernels in KERNELS.values() for name in kernels.names))
"""Of all algorithms of all backends."""
