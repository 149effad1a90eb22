"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnscratch.core.arguments import positive
from nnscratch.core.errors import DataError, ShapeError
from nnscratch.kernels.ops import Array

__all__ = ["confusion_matrix"]


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None) -> Array:
    """How often each class is taken for each: int64 (K, K), what is true by what was predicted.

    Args:
        y_true: class numbers (N, ...), or one-hot rows (N, ..., K) of a floating dtype.
        y_pred: the same, or what `model.predict` returns: of a row of K numbers the largest counts,
            the first if equal; of a single one, a probability, whether it is above 0.5.
        num_classes: K; unless given, the length of a row or one more than the largest class number,
            and at least 2.

    Raises:
        ShapeError: not as many predictions as targets.
        DataError: something is no class number, or no probability.
        ArgumentError: num_classes is not a positive whole number.
    """
    true, width = class_numbers("y_true", np.asarray(y_true))
    predicted, other = class_numbers("y_pred", np.asarray(y_pred))
    if true.shape != predicted.shape:
        raise ShapeError(
            f"confusion_matrix: expected as many predictions as targets, got {np.shape(y_pred)} "
            f"for {np.shape(y_true)}"
        )
    classes = max(width, other)
    if num_classes is not None:
        classes = positive("confusion_matrix num_classes", num_classes)
    largest = max(int(numbers.max(initial=0)) for numbers in (true, predicted))
    if largest >= classes:
        raise DataError(
            f"confusion_matrix: expected class numbers 0 to {classes - 1}, got {largest}"
        )
    counts = np.bincount(true.ravel() * classes + predicted.ravel(), minlength=classes**2)
    return counts.reshape(classes, classes)


def class_numbers(what: str, array: Array) -> tuple[Array, int]:
    """Class numbers, int64, and how many classes there are at least."""
    if array.dtype.kind == "f" and array.ndim > 1 and array.shape[-1] > 1:
        return array.argmax(axis=-1), array.shape[-1]
    if array.ndim > 1 and array.shape[-1] == 1:
        if array.dtype.kind == "f":
            refuse_unless(((array >= 0) & (array <= 1)).all(), what, "probabilities", array)
            array = array > 0.5
        array = array[..., 0]
    refuse_unless(array.dtype.kind in "biuf", what, "class numbers", array)
    numbers = array.astype(np.int64)
    refuse_unless(((numbers == array) & (numbers >= 0)).all(), what, "class numbers", array)
    return numbers, max(2, int(numbers.max(initial=0)) + 1)


def refuse_unless(right: Any, what: str, expected: str, array: Array) -> None:
    """Refuse what is not what was expected."""
    if not right:
        raise DataError(
            f"confusion_matrix {what}: expected {expected}, got {array.dtype} {array.shape} with "
            "other values; give class numbers from 0, rows of K numbers, or probabilities (N, 1)"
        )
