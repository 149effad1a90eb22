"""The seeds of models that are not given one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from numbers import Integral

import numpy as np

from nnscratch.core.errors import NNError


def _fresh() -> Iterator[int]:
    while True:
        yield secrets.randbits(32)


def _derived(seed: int) -> Iterator[int]:
    number = 0
    while True:
        yield int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        number += 1


_seeds = _fresh()


def set_seed(seed: int) -> None:
    """Make every model that is created from here on, and given no seed, reproducible.

    The first one gets the same seed in every process that starts so, and the second another.
    Without this call a model draws a fresh seed, which `model.seed` tells.
    """
    global _seeds
    _seeds = _derived(checked("set_seed", seed))


def checked(caller: str, seed: object) -> int:
    """A seed that somebody gave.

    Raises:
        NNError: it is no whole number >= 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise NNError(f"{caller}: expected a seed that is a whole number >= 0, got {seed!r}")
    return int(seed)


def next_seed() -> int:
    """The seed of the next model that is not given one."""
    return next(_seeds)
