"""What a gradient check found: two numbers and a verdict for each input and parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nnscratch.core.errors import NNError


class GradientError(NNError, AssertionError):
    """A gradient check that did not pass."""


class Verdict(StrEnum):
    """What the two numbers of a check say together."""

    PASSED = "passed"
    ZERO = "passed (structurally zero)"
    """Nothing depends on the value, however far it is moved, and the gradient says so: a bias in
    front of batch normalisation."""
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """Both numbers are 0 here, which any backward pass that returns zeros would achieve."""
    KINK = "at a kink"
    """The function has no derivative here (or bends too sharply for differences to find it)."""

    @property
    def ok(self) -> bool:
        """Whether it speaks for the gradient."""
        return self in (Verdict.PASSED, Verdict.ZERO)


@dataclass(frozen=True)
class Derivative:
    """The derivative by one input or parameter along a random unit direction, found twice."""

    name: str
    """ "input", or the parameter's name."""
    verdict: Verdict
    analytic: float
    """By the backward pass: the gradient's component along the direction."""
    numeric: float
    """By differences of the forward pass."""
    floor: float
    """What counts as 0: rounding in sums of this size moves differences by less."""

    @property
    def error(self) -> float:
        """|analytic - numeric|, relative to the larger one or to the floor."""
        size = max(abs(self.analytic), abs(self.numeric), self.floor)
        return abs(self.analytic - self.numeric) / size if size else 0.0

    @property
    def advice(self) -> str:
        """What to make of the verdict; empty where it passed."""
        if self.verdict is Verdict.FAILED:
            found = f"backward says {self.analytic:.10g}, differences say {self.numeric:.10g}"
            if abs(self.numeric) > self.floor:
                found += f"; backward / differences = {self.analytic / self.numeric:.6g}"
            return found
        if self.verdict is Verdict.INCONCLUSIVE:
            return "both sides are 0 at every point tried; give x or params where they are not"
        if self.verdict is Verdict.KINK:
            return "no derivative at any point tried; give x or params away from the kinks"
        return ""


@dataclass(frozen=True)
class Report:
    """The outcome of a gradient check. `str()` of it is a table."""

    subject: str
    """What was checked, on which backend."""
    derivatives: tuple[Derivative, ...]

    @property
    def ok(self) -> bool:
        """Whether every input and parameter passed."""
        return all(derivative.verdict.ok for derivative in self.derivatives)

    def __getitem__(self, name: str) -> Derivative:
        return {derivative.name: derivative for derivative in self.derivatives}[name]

    def assert_passed(self) -> None:
        """Raise unless every input and parameter passed: what proves nothing does not pass.

        Raises:
            GradientError: holds this report.
        """
        if not self.ok:
            raise GradientError(str(self))

    def __str__(self) -> str:
        header = ("gradient by", "backward", "differences", "error", "verdict")
        cells = [
            (d.name, f"{d.analytic:.7g}", f"{d.numeric:.7g}", f"{d.error:.0e}", str(d.verdict))
            for d in self.derivatives
        ]
        advice = [f"{d.name}: {d.advice}" for d in self.derivatives if d.advice]
        outcome = "passed" if self.ok else "not passed"
        return "\n".join(
            [
                f"{self.subject}: {outcome}",
                *("  " + row for row in align([header, *cells])),
                *advice,
            ]
        )


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, the columns set to equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
