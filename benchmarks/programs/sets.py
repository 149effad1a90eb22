"""The sets: rows made from a seed, and the digits that nnscratch brings.

Inputs are float32, targets class numbers, int64, or measured numbers, float32. Rows come in random
order, so that the last of them may be cut off for validation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnscratch import datasets

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = tuple[Array | list[Array], Array]
"""Inputs, several for a model that reads several, and targets."""
Maker = TypeVar("Maker", bound=Callable[..., Rows])

SETS: dict[str, Callable[..., Rows]] = {}
"""By name."""


def a_set(make: Maker) -> Maker:
    """Enter a function that makes rows."""
    SETS[make.__name__] = make
    return make


def rows(x: Array, y: Array) -> Rows:
    """Rows of the types that sets have."""
    return x.astype(np.float32), y.astype(np.float32 if y.dtype.kind == "f" else np.int64)


# Points and truth tables.


@a_set
def xor(repeat: int = 1) -> Rows:
    """The four rows of the exclusive or."""
    x = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (repeat, 1))
    return rows(x, x.sum(axis=1) % 2)


@a_set
def parity(bits: int = 4) -> Rows:
    """All rows of so many bits; whether the number of ones is odd."""
    numbers = np.random.default_rng(bits).permutation(2**bits)
    x = (numbers[:, np.newaxis] >> np.arange(bits)) & 1
    return rows(x, x.sum(axis=1) % 2)


@a_set
def moons(n: int = 500, noise: float = 0.15, seed: int = 0) -> Rows:
    """Two half circles that reach into each other."""
    rng = np.random.default_rng(seed)
    y, angle = rng.integers(2, size=n), rng.uniform(0, np.pi, n)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = np.where(y[:, np.newaxis] == 0, x, [1, 0.5] - x) + noise * rng.standard_normal((n, 2))
    return rows(x, y)


@a_set
def rings(n: int = 500, classes: int = 2, noise: float = 0.1, seed: int = 0) -> Rows:
    """Circles round 0, of radius 1, 2, ..."""
    rng = np.random.default_rng(seed)
    y, angle = rng.integers(classes, size=n), rng.uniform(0, 2 * np.pi, n)
    radius = y + 1 + noise * rng.standard_normal(n)
    return rows(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y)


@a_set
def spirals(n: int = 600, classes: int = 3, noise: float = 0.02, seed: int = 0) -> Rows:
    """Interleaved arms."""
    return datasets.spirals(n, classes, noise, seed)


# Tables.


@a_set
def clouds(
    n: int = 600,
    features: int = 10,
    classes: int = 3,
    spread: float = 0.6,
    per_class: int = 2,
    shares: Sequence[float] | None = None,
    noise_columns: int = 0,
    seed: int = 0,
) -> Rows:
    """Normal clouds, several of each class, round random corners; then columns of mere noise.

    Classes are equally frequent, or as their shares say.
    """
    rng = np.random.default_rng(seed)
    corners = rng.choice([-1.0, 1.0], size=(classes, per_class, features))
    y = rng.choice(classes, size=n, p=shares)
    x = corners[y, rng.integers(per_class, size=n)] + spread * rng.standard_normal((n, features))
    return rows(np.hstack([x, rng.standard_normal((n, noise_columns))]), y)


@a_set
def patients(n: int = 600, seed: int = 0) -> Rows:
    """Age, weight, blood pressure, pulse, glucose, platelets per µl; and who is ill."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 6))
    x = z * [14, 15, 18, 11, 30, 60000] + [52, 78, 130, 74, 110, 250000]
    score = z @ [0.9, 0.4, 0.8, -0.3, 1.2, 0.2] + 0.8 * z[:, 0] * z[:, 4]
    return rows(x, (score + 0.3 * rng.standard_normal(n) > 0).astype(int))


@a_set
def houses(n: int = 800, noise: float = 15000, seed: int = 0) -> Rows:
    """Area in m2, rooms, age in years, km to the centre, storey; and the price."""
    rng = np.random.default_rng(seed)
    area, distance = rng.uniform(30, 220, n), rng.exponential(8, n)
    age, storey = rng.integers(0, 90, n), rng.integers(0, 12, n)
    rooms = np.clip(np.rint(area / 28 + rng.normal(0, 0.7, n)), 1, None)
    per_area = 1500 + 2500 * np.exp(-distance / 6) - 8 * age + 25 * storey
    price = area * per_area + 9000 * rooms + noise * rng.standard_normal(n)
    return rows(np.stack([area, rooms, age, distance, storey], axis=1), price)


@a_set
def linear(n: int = 500, features: int = 8, noise: float = 0.1, seed: int = 0) -> Rows:
    """A weighted sum of normal columns, of variance 1, and noise."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((n, features)), rng.standard_normal(features)
    return rows(x, x @ w / np.linalg.norm(w) + noise * rng.standard_normal(n))


@a_set
def bumps(n: int = 600, features: int = 5, noise: float = 0.1, seed: int = 0) -> Rows:
    """A smooth function of some columns, which is far from linear."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, features))
    y = np.sin(3 * x[:, 0]) + 2 * x[:, 1] * x[:, 2] + np.cos(3 * x[:, 3])
    return rows(x, y + noise * rng.standard_normal(n))


@a_set
def curve(
    kind: str = "sine", n: int = 200, low: float = -3, high: float = 3, noise: float = 0.05
) -> Rows:
    """One column, and a function of it."""
    rng = np.random.default_rng(n)
    x = rng.permutation(np.linspace(low, high, n))
    function = {"sine": np.sin, "line": lambda t: 2 * t, "square": lambda t: t**2, "abs": np.abs}
    return rows(x[:, np.newaxis], function[kind](x) + noise * rng.standard_normal(n))


@a_set
def low_rank(n: int = 800, features: int = 20, rank: int = 4, seed: int = 0) -> Rows:
    """Rows on a plane of few dimensions, for autoencoders; each column has the variance 1."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, features))
    x /= x.std(axis=0)
    return rows(x, x.copy())


@a_set
def tags(n: int = 700, features: int = 15, labels: int = 5, seed: int = 0) -> Rows:
    """Several yes-or-no labels of each row."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((n, features)), rng.standard_normal((features, labels))
    return rows(x, (x @ w > 0.5).astype(np.float32))


@a_set
def same_or_not(n: int = 900, features: int = 8, classes: int = 6, seed: int = 0) -> Rows:
    """Two points, and whether they come from the same cloud: half of them do."""
    rng = np.random.default_rng(seed)
    corners = 1.5 * rng.standard_normal((classes, features))
    same, first = rng.integers(2, size=n), rng.integers(classes, size=n)
    second = np.where(same == 1, first, (first + rng.integers(1, classes, n)) % classes)
    pair = [corners[k] + 0.3 * rng.standard_normal((n, features)) for k in (first, second)]
    return [part.astype(np.float32) for part in pair], same


# Texts and sequences.


@a_set
def word_counts(
    n: int = 600, words: int = 120, topics: int = 4, length: int = 60, seed: int = 0
) -> Rows:
    """How often each word stands in a text; its topic makes some words more frequent."""
    rng = np.random.default_rng(seed)
    common = rng.dirichlet(np.full(words, 0.5))
    frequency = 0.7 * common + 0.3 * rng.dirichlet(np.full(words, 0.2), size=topics)
    y = rng.integers(topics, size=n)
    lengths = rng.poisson(length, n)
    counts = [rng.multinomial(*text) for text in zip(lengths, frequency[y], strict=True)]
    return rows(np.stack(counts), y)


@a_set
def temperatures(days: int = 900, window: int = 14, seed: int = 0) -> Rows:
    """The mean temperatures in °C of some days; and that of the next day."""
    rng = np.random.default_rng(seed)
    weather = np.zeros(days)
    for day in range(1, days):
        weather[day] = 0.8 * weather[day - 1] + rng.normal(0, 1.2)
    series = 10 + 9 * np.sin(2 * np.pi * np.arange(days) / 365) + weather
    order = rng.permutation(days - window)
    windows = np.lib.stride_tricks.sliding_window_view(series, window)[:-1]
    return rows(windows[order], series[window:][order])


@a_set
def waves(n: int = 600, length: int = 32, noise: float = 0.2, seed: int = 0) -> Rows:
    """Sines, squares and sawteeth (n, length, 1, 1), of random frequency and phase."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    turns = rng.uniform(1.5, 4, (n, 1)) * np.linspace(0, 1, length) + rng.uniform(size=(n, 1))
    sine = np.sin(2 * np.pi * turns)
    kinds = np.stack([sine, np.sign(sine), 2 * (turns % 1) - 1])
    x = kinds[y, np.arange(n)] + noise * rng.standard_normal((n, length))
    return rows(x[:, :, np.newaxis, np.newaxis], y)


@a_set
def channels(
    n: int = 600,
    length: int = 16,
    scales: Sequence[float] = (1.0, 1.0, 1.0),
    offsets: Sequence[float] = (0.0, 0.0, 0.0),
    first: bool = False,
    seed: int = 0,
) -> Rows:
    """Three measured channels (n, length, 1, 3); whether the last of them rises or falls.

    The others are noise. With `first` channels come first (n, 3, length, 1), as from other tools.
    """
    rng = np.random.default_rng(seed)
    y, x = rng.integers(2, size=n), rng.standard_normal((n, length, 3))
    x[:, :, 2] += np.where(y == 1, 1.5, -1.5)[:, np.newaxis] * np.linspace(-1, 1, length)
    x = (x * scales + offsets)[:, :, np.newaxis]
    return rows(x.transpose(0, 3, 1, 2) if first else x, y)


# Images.


@a_set
def digits(
    n: int = 800, classes: Sequence[int] = tuple(range(10)), scale: bool = True, seed: int = 0
) -> Rows:
    """The embedded digits (n, 8, 8, 1), in 0..1, or else 0..16; some of the classes, from 0 on."""
    (x, y), _ = datasets.digits(scale=scale)
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(np.isin(y, classes)))[:n]
    return rows(x[chosen], np.searchsorted(np.asarray(classes), y[chosen]))


@a_set
def bars(n: int = 400, size: int = 8, seed: int = 0) -> Rows:
    """Images of one bar, which lies or stands."""
    return datasets.bars(n, size, seed)


@a_set
def figures(
    n: int = 600, size: int = 12, color: bool = False, noise: float = 10, seed: int = 0
) -> Rows:
    """Discs, squares, crosses and frames (n, size, size, 1 or 3), in 0..255, drawn anywhere."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    radius = rng.integers(2, size // 3 + 1, n)[:, np.newaxis, np.newaxis]
    centre = rng.uniform(size // 3, size - 1 - size // 3, (2, n, 1, 1))
    down = np.abs(np.arange(size)[:, np.newaxis] - centre[0])  # (n, size, 1)
    across = np.abs(np.arange(size) - centre[1])  # (n, 1, size)
    square = np.maximum(down, across) <= radius
    frame = square & (np.maximum(down, across) > radius - 1)
    cross = square & (np.minimum(down, across) <= 0.5)
    drawn = np.stack([down**2 + across**2 <= radius**2, square, cross, frame])[y, np.arange(n)]
    light = rng.uniform(120, 245, (n, 1, 1, 3 if color else 1))
    x = drawn[..., np.newaxis] * light + noise * rng.standard_normal((n, size, size, 1))
    return rows(np.clip(x, 0, 255), y)
