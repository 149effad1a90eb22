"""A loss of your own, from two functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nnscratch.core.context import Context
from nnscratch.core.errors import DTypeError, ShapeError
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced, Shape, interchangeable

Function: TypeAlias = Callable[[Array, Array], Array]
"""Of (y_pred, y_true)."""


@dataclass(frozen=True)
class CustomLoss(Reduced):
    """A loss of two functions of (y_pred, y_true), both arrays of the model's dtype and backend.

    `value` returns one number per row, (N,); no row's may depend on another row's prediction.
    `gradient` returns the derivative of each row's number by its prediction, shaped like y_pred:
    not divided by N, which the loss does. Whether the two belong together is what
    `check_gradient` tells.

    Targets (N,) of predictions (N, 1) become (N, 1); any other shape is passed on as it is.
    """

    value: Function
    gradient: Function
    name: str = "custom_loss"

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """What the two functions return.

        Raises:
            ShapeError: one returned an array of another shape.
            DTypeError: or of another dtype.
        """
        value, derivative = self.value(y_pred, y_true), self.gradient(y_pred, y_true)
        self._check_result("value", value, y_pred.shape[:1], y_pred.dtype)
        self._check_result("gradient", derivative, y_pred.shape, y_pred.dtype)
        return value, derivative

    def target_shape(self, output_shape: Shape, given: Shape) -> Shape:
        """The prediction's, but for a last axis of length 1; else any."""
        return output_shape if interchangeable(given, output_shape) else given

    def _check_result(self, function: str, result: Array, shape: Shape, dtype: Any) -> None:
        if np.shape(result) != shape:
            raise ShapeError(
                f"{self.name}: expected {function}(y_pred, y_true) to return {shape}, "
                f"got {np.shape(result)}; one result per row, without a mean over the batch"
            )
        if result.dtype != dtype:
            raise DTypeError(
                f"{self.name}: expected {function}(y_pred, y_true) to keep {dtype}, "
                f"got {result.dtype}"
            )
