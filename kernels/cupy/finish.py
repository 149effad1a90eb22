"""What is done to a product's results before they are written: bias and activation.

A pass of its own over them would read and write the memory once more for each. The bits are those
of such passes. The kernels' side is `curves.cuh`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..ops import Array, Curve
from .launch import contiguous, over, real, size

FUNCTIONS = {"relu": 1, "elu": 2, "sigmoid": 3, "tanh": 4}
"""The number by which kernels know an activation; 0: there is none."""


class Finish(NamedTuple):
    """A bias (C,) to add, and the function to apply to what comes of that."""

    bias: Array | None = None
    activation: Curve | None = None

    @property
    def added(self) -> Array | None:
        """The bias as kernels take it."""
        return None if self.bias is None else contiguous(self.bias)

    def arguments(self, dtype: np.dtype[Any]) -> list[Any]:
        """What kernels call FINISH."""
        op, numbers = self.activation or ("", ())
        function = np.int32(FUNCTIONS[op] if op else 0)
        return [self.added, function, *(dtype.type(number) for number in (*numbers, 0, 0, 0)[:3])]


NOTHING = Finish()


def finished(y: Array, finish: Finish) -> Array:
    """Results y (..., C), which nobody else holds, finished where they are."""
    if finish.bias is not None or finish.activation is not None:
        arguments = [y, *finish.arguments(y.dtype), size(y.shape[-1]), size(y.size)]
        over("linear", "finish", y.size, arguments, real(y.dtype))
    return y
