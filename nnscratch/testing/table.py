"""The gradients of all layers in one table: what `nnscratch gradcheck` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nnscratch.backend import DEFAULT, get_backend
from nnscratch.core.errors import UnknownNameError
from nnscratch.testing.cases import CASES, Case
from nnscratch.testing.gradients import check_gradients
from nnscratch.testing.report import Derivative, Report, Verdict

BY_SEVERITY = (
    Verdict.PASSED,
    Verdict.ZERO,
    Verdict.KINK,
    Verdict.INCONCLUSIVE,
    Verdict.FAILED,
)
STYLES = {Verdict.PASSED: "green", Verdict.ZERO: "green", Verdict.FAILED: "bold red"}


@dataclass(frozen=True)
class Row:
    """One input or parameter of one kind of layer, in all its cases."""

    layer: str
    name: str
    """ "input" for all inputs together, or the parameter's name."""
    cases: int
    error: float
    """The largest relative error."""
    verdict: Verdict
    """The worst one."""


@dataclass(frozen=True)
class Outcome:
    """What the checks of some layers found."""

    rows: tuple[Row, ...]
    problems: tuple[Report, ...]
    """The reports of the cases that did not pass, in full."""

    @property
    def ok(self) -> bool:
        """Whether every case passed."""
        return not self.problems


def gradcheck(names: Sequence[str] = (), backend: str = DEFAULT) -> Outcome:
    """Check the gradients of the layers named, in any case of letters; of all where none is.

    Raises:
        UnknownNameError: there is no such layer, or no such backend.
    """
    get_backend(backend)
    rows: list[Row] = []
    problems: list[Report] = []
    for layer, cases in _chosen(names).items():
        reports = [
            check_gradients(
                case.layer, in_shapes=case.in_shapes, training=case.training, backend=backend
            )
            for case in cases
        ]
        rows += _rows(layer, reports)
        problems += [report for report in reports if not report.ok]
    return Outcome(tuple(rows), tuple(problems))


def run(names: Sequence[str] = (), backend: str = DEFAULT) -> int:
    """Print the table of some layers' gradients, or of all; 0 if they passed, else 1.

    Raises:
        UnknownNameError: as `gradcheck`.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console()
    with console.status(f"checking gradients on {backend}"):
        outcome = gradcheck(names, backend)
    table = Table(title=f"Gradients against differences, float64, {backend}")
    for header in ("layer", "gradient by", "cases", "worst error", "verdict"):
        table.add_column(header, justify="right" if header in ("cases", "worst error") else "left")
    last = ""
    for row in outcome.rows:
        style = STYLES.get(row.verdict, "yellow")
        layer = "" if row.layer == last else row.layer
        verdict = f"[{style}]{row.verdict}[/]"
        table.add_row(layer, row.name, str(row.cases), f"{row.error:.0e}", verdict)
        last = row.layer
    console.print(table)
    for report in outcome.problems:
        console.print(f"\n{report}", markup=False, highlight=False, soft_wrap=True)
    return 0 if outcome.ok else 1


def _chosen(names: Sequence[str]) -> dict[str, list[Case]]:
    """The cases of the layers named, by the layers' kind."""
    by_layer: dict[str, list[Case]] = {}
    for case in CASES:
        by_layer.setdefault(type(case.layer).__name__, []).append(case)
    if not names:
        return by_layer
    spelled = {layer.lower(): layer for layer in by_layer}
    for name in names:
        if name.lower() not in spelled:
            raise UnknownNameError("layer", name, by_layer)
    return {spelled[name.lower()]: by_layer[spelled[name.lower()]] for name in names}


def _rows(layer: str, reports: Iterable[Report]) -> Iterator[Row]:
    found: dict[str, list[tuple[Report, Derivative]]] = {}
    for report in reports:
        for derivative in report.derivatives:
            name = "input" if derivative.name.startswith("input ") else derivative.name
            found.setdefault(name, []).append((report, derivative))
    for name, pairs in found.items():
        yield Row(
            layer,
            name,
            cases=len({id(report) for report, _ in pairs}),
            error=max(derivative.error for _, derivative in pairs),
            verdict=max((d.verdict for _, d in pairs), key=BY_SEVERITY.index),
        )
