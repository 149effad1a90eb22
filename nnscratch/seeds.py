"""The seeds of models that are not given one."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from functools import partial

import numpy as np

from nnscratch.core.arguments import whole


def _derived(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


# Any thread may take the next one of a `map`; a generator refuses while it runs for another.
_seeds: Iterator[int] = map(secrets.randbits, itertools.repeat(32))


def set_seed(seed: int) -> None:
    """Make every model that is created from here on, and given no seed, reproducible.

    The first one gets the same seed in every process that starts so, and the second another.
    Without this call a model draws a fresh seed, which `model.seed` tells.
    """
    global _seeds
    _seeds = map(partial(_derived, checked("set_seed", seed)), itertools.count())


def checked(caller: str, seed: object) -> int:
    """A seed that somebody gave.

    Raises:
        ArgumentError: it is no whole number >= 0.
    """
    return whole(f"{caller} seed", seed, 0)


def next_seed() -> int:
    """The seed of the next model that is not given one."""
    return next(_seeds)
