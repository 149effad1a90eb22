"""Initializers that draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnscratch.core.arguments import number
from nnscratch.core.errors import ShapeError
from nnscratch.initializers.base import Random, Shape, Values

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal variable cut at +-2."""


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out): how many products an output sums, and how many an input takes part in.

    A dense kernel (in, out) has (in, out), a convolution kernel (kh, kw, in, out) those times
    kh * kw, a vector of n (n, n) and a scalar (1, 1).
    """
    if len(shape) < 2:
        n = math.prod(shape)
        return n, n
    taps = math.prod(shape[:-2])
    return taps * shape[-2], taps * shape[-1]


@dataclass(frozen=True)
class RandomNormal(Random):
    """Normal numbers."""

    mean: float = 0.0
    stddev: float = 0.05

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values:
        return rng.normal(self.mean, self.stddev, shape)


@dataclass(frozen=True)
class TruncatedNormal(Random):
    """Normal numbers, drawn again where further than two `stddev` from the mean.

    What is left has a standard deviation of 0.88 `stddev`.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values:
        values = rng.standard_normal(shape)
        while (outside := np.abs(values) > 2.0).any():
            values[outside] = rng.standard_normal(np.count_nonzero(outside))
        return self.mean + self.stddev * values


@dataclass(frozen=True)
class RandomUniform(Random):
    """Uniform numbers in [minval, maxval)."""

    minval: float = -0.05
    maxval: float = 0.05

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values:
        return rng.uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class VarianceScaling(Random):
    """Numbers around 0 with the variance scale / fan.

    Args:
        scale: a positive number.
        mode: which fan divides: "fan_in", "fan_out", or "fan_avg", the mean of both.
        distribution: "truncated_normal" (widened, so that cutting leaves that variance),
            "untruncated_normal" or "uniform".

    Raises:
        ArgumentError: the scale is not positive.
        ValueError: the mode or distribution is none of these.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"

    def __post_init__(self) -> None:
        number("VarianceScaling scale", self.scale, above=0)
        for name, known in (("mode", MODES), ("distribution", DISTRIBUTIONS)):
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"VarianceScaling: expected a {name} of {known}, got {value!r}")

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values:
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, fan))
        if self.distribution == "truncated_normal":
            return TruncatedNormal(stddev=stddev / TRUNCATED_STDDEV)(shape, rng)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, stddev, shape)
        limit = math.sqrt(3.0) * stddev  # U(-a, a) has the variance a^2 / 3
        return rng.uniform(-limit, limit, shape)


class GlorotUniform(VarianceScaling):
    """Uniform with the variance 2 / (fan_in + fan_out). Source: Glorot & Bengio 2010."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "uniform", seed=seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal with the variance 2 / (fan_in + fan_out). Source: Glorot & Bengio 2010."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed=seed)


class HeUniform(VarianceScaling):
    """Uniform with the variance 2 / fan_in. Source: He et al. 2015."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "uniform", seed=seed)


class HeNormal(VarianceScaling):
    """Truncated normal with the variance 2 / fan_in. Source: He et al. 2015."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed=seed)


class LecunUniform(VarianceScaling):
    """Uniform with the variance 1 / fan_in. Source: LeCun et al. 1998, Efficient BackProp."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "uniform", seed=seed)


class LecunNormal(VarianceScaling):
    """Truncated normal with the variance 1 / fan_in. Source: LeCun et al. 1998."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed=seed)


@dataclass(frozen=True)
class Orthogonal(Random):
    """`gain` times a random orthogonal matrix, uniform over all of them.

    A kernel (..., out) is read as a matrix (rows, out): its columns are orthonormal, or its rows
    where there are fewer rows than columns.

    Raises:
        ShapeError: at the call, for a vector or a scalar.

    Source: Saxe et al. 2014. The Q of a Gaussian matrix is uniform once the diagonal of R is
    made positive: Mezzadri 2007, How to generate random matrices from the classical groups.
    """

    gain: float = 1.0

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal: expected two axes or more, got the shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        matrix = q if rows >= columns else q.T  # (rows, columns)
        return self.gain * matrix.reshape(shape)
