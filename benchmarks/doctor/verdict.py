"""What the doctor says of a training, and whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.doctor.program import Program, Which
from benchmarks.doctor.training import Trained, train
from benchmarks.report import BenchmarkError
from nnscratch.doctor import Certainty, Doctor


@dataclass(frozen=True)
class Verdict:
    """Of one twin."""

    causes: tuple[str, ...]
    """What was found and is likely at least, root causes first."""
    doubts: tuple[str, ...]
    """What is only possible."""
    overhead: float
    """Seconds that watching took."""
    verified: bool | None = None
    """Whether trying the first finding's fix made things better; None where none was tried."""
    trials: float = 0.0
    """Seconds that trying fixes took."""

    @property
    def first(self) -> str | None:
        """The cause that it names."""
        return self.causes[0] if self.causes else None


def verdict(
    folder: Path, program: Program, which: Which, seed: int, alone: Trained, budget: float = 0.0
) -> Verdict:
    """Train a twin once more, under a doctor's eyes, and try fixes.

    Args:
        folder, program, which, seed: the twin.
        alone: what came of it unwatched.
        budget: what trying fixes may take, in terms of the time that training took.

    Raises:
        BenchmarkError: that changed the training.
    """
    doctor = Doctor()
    watched = train(folder, program, which, seed, [doctor])
    if not np.array_equal(watched.score.value, alone.score.value, equal_nan=True):
        raise BenchmarkError(f"{program.id}: watched, the {which} twin is trained otherwise")
    found = doctor.verify(budget * alone.seconds)
    findings = found.findings
    trial = findings[0].trial if findings else None
    return Verdict(
        causes=tuple(f.cause for f in findings if f.certainty >= Certainty.likely),
        doubts=tuple(f.cause for f in findings if f.certainty < Certainty.likely),
        overhead=watched.seconds - alone.seconds,
        verified=None if trial is None else trial.better,
        trials=0.0 if found.trials is None else found.trials.seconds,
    )
