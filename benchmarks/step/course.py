"""Training a network for some steps, by us or by PyTorch, alike to whoever measures it."""

from __future__ import annotations

from typing import Protocol

from benchmarks.nets import Subject
from benchmarks.step.subjects import LEARNING_RATE, OPTIMIZERS, SUBJECTS

OURS = "nnscratch"
TORCH = ("torch contiguous", "torch channels_last")
SIDES = (OURS, *TORCH)


class Course(Protocol):
    """Trains for as many steps as it was made for, each time that it is called."""

    def __call__(self) -> float:
        """The mean loss."""


class OwnCourse:
    """A network of ours: `fit`, without a probe and on rows in order."""

    def __init__(self, subject: Subject, optimizer: str, steps: int):
        self.subject = subject
        self.model = subject.build("numba", OPTIMIZERS[optimizer])
        self.rows = subject.rows(steps)

    def __call__(self) -> float:
        """Train through the rows; the mean loss."""
        history = self.model.fit(*self.rows, self.subject.batch, verbose=0, shuffle=False)
        return float(history.history["loss"][0])


def course(side: str, name: str, optimizer: str, steps: int, batch: int | None = None) -> Course:
    """A network by its name.

    Args:
        side: one of SIDES.
        name: one of SUBJECTS.
        optimizer: one of OPTIMIZERS.
        steps: of a call.
        batch: rows of a step, if not the asker's.
    """
    subject = SUBJECTS[name].with_batch(batch)
    if side == OURS:
        return OwnCourse(subject, optimizer, steps)
    # Imported here: only who compares needs PyTorch.
    from benchmarks.step.torch_nets import TorchCourse

    layout = side.removeprefix("torch ")
    return TorchCourse(name, optimizer, layout, subject.rows(steps), subject.batch, LEARNING_RATE)
