"""Rows that a network was not trained on, and its answers to them."""

from __future__ import annotations

from dataclasses import dataclass

from nnscratch.doctor.task import Task
from nnscratch.kernels.ops import Array


@dataclass(frozen=True)
class HeldOut:
    """Some validation rows."""

    inputs: tuple[Array, ...]
    """(n, ...) each."""
    task: Task
    """With their targets."""
    y: Array
    """The answers (n, ..., K)."""
