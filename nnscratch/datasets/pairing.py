"""Pairs of images, for networks that say whether two images show the same thing."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.arguments import positive
from nnscratch.core.errors import DataError

Array: TypeAlias = NDArray[Any]


def pairs(
    x: Array, y: NDArray[np.integer[Any]], count: int | None = None, seed: int = 0
) -> tuple[tuple[Array, Array], NDArray[np.float32]]:
    """Draw pairs of images: ((left, right), same).

    Half the pairs are of one class and half of two (an odd count has one more of two), in random
    order. Every image is equally likely to stand left, and so is, to its right, every *other* image
    of its class, or every image of the other classes. Pairs may repeat; the same arguments give the
    same pairs.

    Args:
        x: images (N, ...).
        y: their classes, integers (N,).
        count: how many pairs to draw; as many as there are images if None.
        seed: of the draw.

    Returns:
        left and right, (count, ...) of x's dtype, and same, float32 (count, 1): 1 for one class.

    Raises:
        DataError: images and labels do not match, there is one class only, or one of a single
            image.
        ArgumentError: count is no positive whole number.
    """
    _check(x, y)
    count = len(x) if count is None else positive("pairs count", count)
    rng = np.random.default_rng(seed)
    same = rng.permutation(count) < count // 2  # (count,)
    left = rng.integers(len(x), size=count)

    # Let the images stand in a circle, class by class. From any of them, its class is reached by
    # going round inside its arc, and all other classes by going on from the end of that arc.
    circle = np.argsort(y, kind="stable")  # (N,), place -> image
    place = np.argsort(circle)  # (N,), image -> place
    _, number, sizes = np.unique(y, return_inverse=True, return_counts=True)
    start, size = (np.cumsum(sizes) - sizes)[number[left]], sizes[number[left]]
    inside = start + (place[left] - start + 1 + rng.integers(size - 1)) % size
    outside = (start + size + rng.integers(len(x) - size)) % len(x)
    right = circle[np.where(same, inside, outside)]
    return (x[left], x[right]), same[:, np.newaxis].astype(np.float32)


def _check(x: Array, y: Array) -> None:
    if y.ndim != 1 or y.dtype.kind not in "iu" or len(x) != len(y):
        raise DataError(
            f"pairs: expected one integer label per image, got images {x.shape} and labels "
            f"{y.dtype} {y.shape}"
        )
    classes, sizes = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise DataError(f"pairs: expected two classes or more, got {classes.tolist()}")
    if sizes.min() < 2:
        raise DataError(
            f"pairs: class {classes[sizes.argmin()]} has a single image, which makes no pair of "
            "its class; leave it out"
        )
