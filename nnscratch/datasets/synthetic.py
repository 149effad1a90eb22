"""Small tasks with known answers, made from a seed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.arguments import positive, whole
from nnscratch.datasets.images import Images, Labels

Points: TypeAlias = NDArray[np.float32]
"""(n, features)"""


def gaussian_blobs(
    n: int, classes: int = 3, features: int = 2, spread: float = 0.2, seed: int = 0
) -> tuple[Points, Labels]:
    """Normal clouds round the corners of a regular polygon: the task of a linear classifier.

    Class k lies round (cos 2 pi k / classes, sin 2 pi k / classes, 0, ...): neighbours are
    2 sin(pi / classes) apart, and features beyond the second are noise.

    Args:
        n: how many points; classes differ by one point at most.
        classes: how many clouds.
        features: length of a point, 2 or more.
        spread: standard deviation of each feature.
        seed: of the draw.

    Returns:
        points, float32 (n, features), and labels, int64 (n,) in random order.

    Raises:
        ArgumentError: features is below 2, or n or classes below 1.
    """
    features = whole("gaussian_blobs features", features, 2)
    rng = np.random.default_rng(seed)
    labels = _balanced("gaussian_blobs", n, classes, rng)
    points = spread * rng.standard_normal((n, features))
    points[:, :2] += _on_circle(2 * np.pi * labels / classes)
    return points.astype(np.float32), labels


def spirals(n: int, classes: int = 2, noise: float = 0.02, seed: int = 0) -> tuple[Points, Labels]:
    """Interleaved arms of one turn each: what no linear classifier separates.

    A point of class k at radius r, uniform in 0.1..1, has the angle 2 pi (r + k / classes).

    Args:
        n: how many points; classes differ by one point at most.
        classes: how many arms; they are 1 / classes apart.
        noise: standard deviation added to each coordinate.
        seed: of the draw.

    Returns:
        points, float32 (n, 2), and labels, int64 (n,) in random order.

    Raises:
        ArgumentError: n or classes is below 1.

    Source: after the spirals of Lang & Witbrock 1988, Learning to tell two spirals apart.
    """
    rng = np.random.default_rng(seed)
    labels = _balanced("spirals", n, classes, rng)
    radius = rng.uniform(0.1, 1.0, n)
    points = radius[:, np.newaxis] * _on_circle(2 * np.pi * (radius + labels / classes))
    points += noise * rng.standard_normal((n, 2))
    return points.astype(np.float32), labels


def bars(n: int, size: int = 8, seed: int = 0) -> tuple[Images, Labels]:
    """Images of one bar, horizontal (0) or vertical (1): the smallest task for a convolution.

    No linear classifier of the pixels solves it: summed over all rows, its weights say the same
    as summed over all columns. A convolution of two taps, one above the other, and a maximum do.

    Args:
        n: how many images; the classes differ by one image at most.
        size: height and width, 2 or more.
        seed: of the draw.

    Returns:
        images, float32 (n, size, size, 1), 1 on a whole row or column and 0 elsewhere, and labels,
        int64 (n,) in random order. There are 2 * size different images.

    Raises:
        ArgumentError: size is below 2, or n below 1.
    """
    size = whole("bars size", size, 2)
    rng = np.random.default_rng(seed)
    labels = _balanced("bars", n, 2, rng)
    position = rng.integers(size, size=n)
    horizontal = np.zeros((n, size, size), np.float32)
    horizontal[np.arange(n), position] = 1.0
    vertical = horizontal.transpose(0, 2, 1)
    images = np.where(labels[:, np.newaxis, np.newaxis] == 0, horizontal, vertical)
    return images[..., np.newaxis], labels  # (n, size, size, 1)


def _balanced(call: str, n: int, classes: int, rng: np.random.Generator) -> Labels:
    n, classes = positive(f"{call} n", n), positive(f"{call} classes", classes)
    return rng.permutation(np.arange(n, dtype=np.int64) % classes)


def _on_circle(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n, 2)
