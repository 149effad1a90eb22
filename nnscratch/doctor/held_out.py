"""Rows that a network was not trained on, and its answers to them."""

from __future__ import annotations

from dataclasses import dataclass

from nnscratch.doctor.neighbours import Neighbours
from nnscratch.doctor.task import Kind, Task
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

    @property
    def as_neighbours(self) -> float | None:
        """The score of answering each as the nearest others do; None where that cannot be said."""
        near = Neighbours.of(self.inputs)
        if near is None or self.task.kind is Kind.labels:
            return None
        rows = Task(self.task.kind, self.task.target[near.rows])
        return rows.score(near.answers(self.task.target))
