"""The form in which every set of labelled images is handed out."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Images: TypeAlias = NDArray[np.float32]
"""(N, H, W, 1)"""
Labels: TypeAlias = NDArray[np.int64]
"""(N,), each the number of a class."""
TrainAndTest: TypeAlias = tuple[tuple[Images, Labels], tuple[Images, Labels]]
"""(x_train, y_train), (x_test, y_test)"""


def labelled(
    pixels: NDArray[Any], labels: NDArray[Any], *, white: int, scale: bool
) -> tuple[Images, Labels]:
    """Pixels (N, H, W) and labels (N,) as float32 (N, H, W, 1) and int64.

    Args:
        pixels: numbers from 0 to white.
        labels: one class number per image.
        white: the largest value that a pixel can have.
        scale: divide by it, so that pixels lie in 0..1.
    """
    images = pixels[..., np.newaxis].astype(np.float32)  # (N, H, W, 1)
    if scale:
        images /= white
    return images, labels.astype(np.int64)
