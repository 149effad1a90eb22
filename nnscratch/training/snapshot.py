"""Snapshot: all that training changes in a model, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nnscratch.core.store import Arena
from nnscratch.kernels.ops import Array
from nnscratch.training.compiled import Compiled


class Snapshot(NamedTuple):
    """What a model has to hold to go on from there. It copies nothing: no value is overwritten."""

    iteration: int
    """How many steps were applied."""
    values: Mapping[str, Array]
    """All weights by path, parameters and state."""
    frozen: frozenset[str]
    """The paths of the layers that are not trained."""
    slots: Mapping[str, Arena] | None
    """The optimizer's memory; None before the first step."""
    compiled: Compiled
