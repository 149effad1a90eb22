"""Training a network for some steps, by us or by PyTorch, alike to whoever measures it."""

from __future__ import annotations

from typing import Protocol

from benchmarks import rivals
from benchmarks.nets import Subject
from benchmarks.step.subjects import LEARNING_RATE, OPTIMIZERS, SUBJECTS

OURS = "nnscratch"
TORCH = rivals.EAGER
SIDES = (OURS, *TORCH)


class Course(Protocol):
    """Trains for as many steps as it was made for, each time that it is called."""

    def __call__(self) -> float:
        """The mean loss."""


class OwnCourse:
    """A network of ours: `fit`, without a probe and on rows in order."""

    def __init__(self, subject: Subject, optimizer: str, steps: int, backend: str = "numba"):
        self.subject = subject
        self.model = subject.build(backend, OPTIMIZERS[optimizer])
        self.rows = subject.rows(steps)

    def __call__(self) -> float:
        """Train through the rows; the mean loss."""
        history = self.model.fit(*self.rows, self.subject.batch, verbose=0, shuffle=False)
        return float(history.history["loss"][0])


def course(
    side: str,
    name: str,
    optimizer: str,
    steps: int,
    batch: int | None = None,
    backend: str = "numba",
    device: str = "cpu",
) -> Course:
    """A network by its name.

    Args:
        side: OURS, or one of `rivals`.
        name: one of SUBJECTS.
        optimizer: one of OPTIMIZERS.
        steps: of a call.
        batch: rows of a step, if not the asker's.
        backend: of ours.
        device: of PyTorch's.
    """
    subject = SUBJECTS[name].with_batch(batch)
    if side == OURS:
        return OwnCourse(subject, optimizer, steps, backend)
    # Imported here: only who compares needs PyTorch.
    from benchmarks.step.torch_nets import TorchCourse

    rows = subject.rows(steps)
    return TorchCourse(name, optimizer, side, rows, subject.batch, LEARNING_RATE, device)
