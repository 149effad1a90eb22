"""Finding: a cause, where it lies, the numbers that show it, and what to do."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnscratch.core.errors import look_up
from nnscratch.doctor.causes import CAUSES


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
    certainty: Certainty
    verified: str | None = None
    """What changed when the fix was tried; None where it was not."""
    consequences: tuple[Finding, ...] = ()
    """What else was found, and follows from it."""

    def __post_init__(self) -> None:
        look_up("cause", self.cause, CAUSES)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON takes it."""
        described = dataclasses.asdict(self)
        described["certainty"] = self.certainty.name
        described["family"] = CAUSES[self.cause].family
        described["consequences"] = [finding.to_dict() for finding in self.consequences]
        return described
