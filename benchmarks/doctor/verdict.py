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

    @property
    def first(self) -> str | None:
        """The cause that it names."""
        return self.causes[0] if self.causes else None


def verdict(folder: Path, program: Program, which: Which, seed: int, alone: Trained) -> Verdict:
    """Train a twin once more, under a doctor's eyes.

    Raises:
        BenchmarkError: that changed the training.
    """
    doctor = Doctor()
    watched = train(folder, program, which, seed, [doctor])
    if not np.array_equal(watched.score.value, alone.score.value, equal_nan=True):
        raise BenchmarkError(f"{program.id}: watched, the {which} twin is trained otherwise")
    findings = doctor.diagnosis.findings
    return Verdict(
        causes=tuple(f.cause for f in findings if f.certainty >= Certainty.likely),
        doubts=tuple(f.cause for f in findings if f.certainty < Certainty.likely),
        overhead=watched.seconds - alone.seconds,
    )
