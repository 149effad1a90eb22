"""Finding: a cause, where it lies, the numbers that show it, and what to do."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnscratch.core.errors import look_up
from nnscratch.doctor.causes import CAUSES
from nnscratch.doctor.treatments import Treatment, Twin
from nnscratch.doctor.trial import Trial


class Certainty(enum.IntEnum):
    """How sure a finding is."""

    possible = 1
    """It fits, and so do others."""
    likely = 2
    """Little else explains the numbers."""
    certain = 3
    """The numbers prove it."""


@dataclass(frozen=True)
class Evidence:
    """Something that was seen."""

    text: str
    """A sentence, with its numbers."""
    step: int | None = None
    """The training step that it belongs to; None: to the program itself."""
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One fault.

    Raises:
        UnknownNameError: no such cause.
    """

    cause: str
    """One of `CAUSES`."""
    where: tuple[str, ...]
    """Calls and parameters by their names; or data.x, data.y, loss, optimizer, training."""
    evidence: tuple[Evidence, ...]
    why: str
    """How the evidence leads to the cause."""
    fix: str
    """For people."""
    certainty: Certainty
    """How sure the evidence makes it. A trial changes nothing of that: a fix that helps proves
    itself, not the cause, since shorter steps calm large inputs too."""
    treatment: Treatment | None = None
    """The fix for programs; None where it needs somebody's judgement."""
    trial: Trial | None = None
    """What came of the treatment; None where it was not tried."""
    twins: tuple[Twin, ...] = ()
    """Trainings that tell this cause from others. What they told is part of the evidence."""
    loss: int = 0
    """Which of several losses it was found at."""
    consequences: tuple[Finding, ...] = ()
    """What else was found, and follows from it."""

    def __post_init__(self) -> None:
        look_up("cause", self.cause, CAUSES)

    @property
    def verified(self) -> str | None:
        """What the treatment made better; None where it did not, or was not tried."""
        return str(self.trial) if self.trial is not None and self.trial.better else None

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON takes it."""
        return {
            "cause": self.cause,
            "family": CAUSES[self.cause].family,
            "where": list(self.where),
            "certainty": self.certainty.name,
            "evidence": [dataclasses.asdict(evidence) for evidence in self.evidence],
            "why": self.why,
            "fix": self.fix,
            "treatment": None if self.treatment is None else str(self.treatment),
            "trial": None if self.trial is None else self.trial.to_dict(),
            "verified": self.verified,
            "consequences": [finding.to_dict() for finding in self.consequences],
        }
