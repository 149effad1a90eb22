"""Class numbers as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnscratch.core.arguments import positive
from nnscratch.core.errors import DataError, DTypeError
from nnscratch.kernels.ops import Array


def to_categorical(y: Any, num_classes: int | None = None) -> Array:
    """Class numbers (N,) or (N, 1) as float32 rows (N, K) with a single 1, as in Keras.

    Args:
        y: whole numbers >= 0.
        num_classes: K; one more than the largest number where it is not given.

    Raises:
        ArgumentError: num_classes is no positive whole number.
        DTypeError: the labels are no numbers.
        DataError: a label is not a whole number in 0 .. K-1.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":
        raise DTypeError(f"to_categorical: expected whole numbers (N,), got dtype {labels.dtype}")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]  # (N,)
    if labels.ndim != 1 or not len(labels) or not (labels == np.floor(labels)).all():
        raise DataError(
            f"to_categorical: expected whole numbers (N,), got {labels.dtype} {labels.shape}"
        )
    if num_classes is None:
        classes = int(labels.max()) + 1
    else:
        classes = positive("to_categorical num_classes", num_classes)
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = int(outside.argmax())
        raise DataError(
            f"to_categorical: label {labels[row]} at row {row} is not in 0 .. {classes - 1}"
        )
    rows: Array = np.eye(classes, dtype=np.float32)[labels.astype(np.int64)]  # (N, K)
    return rows
