"""The outcome of a program, and the lines that tell it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.doctor.program import Program
from benchmarks.doctor.score import fails
from benchmarks.doctor.training import Trained


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
    """Of training."""
    error: str | None = None
    """Why there are no numbers."""

    @property
    def as_expected(self) -> bool:
        """Whether the buggy twin fails and the fixed one learns."""
        return bool(self.learns) and self.fails is not False

    def as_json(self) -> dict[str, Any]:
        """All of it; a number that is NaN or infinite as a text, which JSON has no number for."""
        told = {name: _told(value) for name, value in dataclasses.asdict(self).items()}
        return told | {"as_expected": self.as_expected}


def _told(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def row(program: Program, fixed: Trained, buggy: Trained | None) -> Row:
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
    )
    if buggy is None:
        return made
    return dataclasses.replace(
        made,
        buggy_score=buggy.score.value,
        buggy_loss=buggy.score.loss,
        fails=fails(expect, buggy.score, score),
        seconds=fixed.seconds + buggy.seconds,
    )


HEADING = (
    "F: the buggy twin fails by its rule. L: the fixed twin, or the control, learns.\n\n"
    f"{'program':<30}{'category':<22}{'buggy':>8}{'':3}{'fixed':>6}{'':3}{'seconds':>8}"
)


def line(row: Row) -> str:
    """A row of the table, of 80 columns."""
    if row.error is not None:
        return f"{row.id:<30}ERROR: {row.error}"
    return (
        f"{row.id:<30}{(row.category or '')[:20]:<22}"
        f"{_number(row.buggy_score):>8} {_mark(row.fails, 'F'):<2}"
        f"{_number(row.fixed_score):>6} {_mark(row.learns, 'L'):<2}{row.seconds:>8.1f}"
        + ("" if row.as_expected else "\n  not as expected")
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0e}" if value <= -100 else f"{value:.3f}"


def _mark(holds: bool | None, letter: str) -> str:
    return {True: letter, False: "-", None: ""}[holds]


def summary(rows: Sequence[Row]) -> dict[str, int]:
    """How many there are of which outcome."""
    return {
        "programs": len(rows),
        "buggy": sum(row.fails is not None for row in rows),
        "buggy_failing": sum(row.fails is True for row in rows),
        "fixed": sum(row.learns is not None for row in rows),
        "fixed_learning": sum(row.learns is True for row in rows),
        "errors": sum(row.error is not None for row in rows),
    }


def closing(rows: Sequence[Row]) -> str:
    """The last line."""
    told = summary(rows)
    return (
        f"{told['programs']} programs: {told['buggy_failing']} of {told['buggy']} buggy twins "
        f"fail, {told['fixed_learning']} of {told['fixed']} others learn, {told['errors']} errors"
    )
