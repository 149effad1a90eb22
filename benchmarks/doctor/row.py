"""The outcome of a program, and the lines that tell it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from benchmarks.doctor.program import Program
from benchmarks.doctor.score import fails
from benchmarks.doctor.training import Trained
from benchmarks.doctor.verdict import Verdict


@dataclass(frozen=True)
class Row:
    """What came of a program; None where there is nothing of the kind."""

    id: str
    kind: str | None = None
    category: str | None = None
    task: str | None = None
    on: str | None = None
    rule: str | None = None
    constant: float | None = None
    """What the best constant scores."""
    buggy_score: float | None = None
    buggy_loss: float | None = None
    fails: bool | None = None
    """Whether the buggy twin fails by its rule."""
    fixed_score: float | None = None
    fixed_loss: float | None = None
    learns: bool | None = None
    """Whether the fixed twin, or the control, scores as well as it should."""
    seconds: float = 0.0
    """Of training, unwatched."""
    accepted: tuple[str, ...] = ()
    """The causes that are right for the buggy twin, the primary one first."""
    buggy_verdict: Verdict | None = None
    fixed_verdict: Verdict | None = None
    error: str | None = None
    """Why there are no numbers."""

    @property
    def as_expected(self) -> bool:
        """Whether the buggy twin fails and the fixed one learns."""
        return bool(self.learns) and self.fails is not False

    @property
    def detected(self) -> bool:
        """Whether something was found in the buggy twin."""
        return self.buggy_verdict is not None and self.buggy_verdict.first is not None

    @property
    def right(self) -> bool:
        """Whether the first finding is a right one."""
        return self.buggy_verdict is not None and self.buggy_verdict.first in self.accepted

    @property
    def false_alarm(self) -> str | None:
        """What was found in the fixed twin, or the control."""
        return None if self.fixed_verdict is None else self.fixed_verdict.first

    def as_json(self) -> dict[str, Any]:
        """All of it; a number that is NaN or infinite as a text, which JSON has no number for."""
        told = {name: _told(value) for name, value in dataclasses.asdict(self).items()}
        return told | {"as_expected": self.as_expected}


def _told(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def row(
    program: Program,
    fixed: Trained,
    fixed_verdict: Verdict,
    buggy: Trained | None = None,
    buggy_verdict: Verdict | None = None,
) -> Row:
    """The row of what was trained."""
    expect, score = program.expect, fixed.score
    made = Row(
        program.id,
        program.kind,
        program.category,
        expect.task,
        expect.on,
        expect.rule,
        constant=score.constant,
        fixed_score=score.value,
        fixed_loss=score.loss,
        learns=score.value >= expect.fixed_ok,
        seconds=fixed.seconds,
        fixed_verdict=fixed_verdict,
    )
    if buggy is None:
        return made
    return dataclasses.replace(
        made,
        buggy_score=buggy.score.value,
        buggy_loss=buggy.score.loss,
        fails=fails(expect, buggy.score, score),
        seconds=fixed.seconds + buggy.seconds,
        accepted=(program.category, *program.also_accept),
        buggy_verdict=buggy_verdict,
    )


HEADING = (
    "F: the buggy twin fails by its rule. L: the fixed twin, or the control, learns.\n\n"
    f"{'program':<29}{'fault':<19}{'first finding':<19}{'':7}{'':3}{'':3}"
)


def line(row: Row) -> str:
    """A row of the table, of 80 columns."""
    if row.error is not None:
        return f"{row.id:<29}ERROR: {row.error}"
    found = (row.buggy_verdict and row.buggy_verdict.first) or ""
    answer = "" if row.buggy_verdict is None else _answer(row)
    return (
        f"{row.id:<29}{(row.category or '')[:18]:<19}{found[:18]:<19}{answer:<7}"
        f"{_mark(row.fails, 'F'):<2}{_mark(row.learns, 'L'):<2}".rstrip()
        + ("" if row.false_alarm is None else f"\n  false alarm: {row.false_alarm}")
        + ("" if row.as_expected else "\n  not as expected")
    )


def _answer(row: Row) -> str:
    if not row.detected:
        return "missed"
    return "right" if row.right else "wrong"


def _mark(holds: bool | None, letter: str) -> str:
    return {True: letter, False: "-", None: ""}[holds]
