"""Diagnosis: what was found, root causes first, as cards, as a page and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nnscratch.core.plain import plain
from nnscratch.doctor import card, page
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.outcome import Outcome, outcome_of
from nnscratch.doctor.ranking import ranked
from nnscratch.doctor.rules import RULES
from nnscratch.doctor.trials import Trials


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a training. `print` shows cards, a notebook a page."""

    findings: tuple[Finding, ...]
    """Root causes, the surest first; each with its consequences."""
    checked: tuple[str, ...]
    """The causes that were looked for."""
    outcome: Outcome
    """How the training went."""
    trials: Trials | None = None
    """What trying the fixes cost; None where none was to be tried."""

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that is likely, or certain."""
        return all(finding.certainty < Certainty.likely for finding in self.findings)

    def __str__(self) -> str:
        """Cards, at 80 columns."""
        return card.text(self.outcome, self.findings, self.checked, self.trials)

    def _repr_html_(self) -> str:
        return page.fragment(self.outcome, self.findings, self.checked, self.trials)

    def to_html(self) -> str:
        """The cards as a page that stands alone."""
        return page.page(self.outcome, self.findings, self.checked, self.trials)

    def to_json(self) -> str:
        """Everything, as an object; null stands for a number that is not finite.

        * "outcome": {"rows", "steps", "planned", "interrupted", "first_loss", "last_loss",
          "reached": [{"output", "measure", "score", "best_constant", "learned"}]}
        * "findings": [{"cause", "family", "certainty": "possible" | "likely" | "certain",
          "where": [names], "evidence": [{"text", "step": number | null, "numbers": {name:
          number}}], "why", "fix", "treatment": text | null, "trial": {...} | null, "verified": text
          | null, "consequences": [findings]}]; a trial is {"treatment", "start", "parted": step |
          null, "treated" and "untreated": {"measure", "chance", "score", "steps"}, "complete",
          "seconds", "better"}
        * "checked": [causes]
        * "trials": {"asked", "tried", "seconds", "budget", "notes": [texts]} | null
        """
        document = {
            "outcome": dataclasses.asdict(self.outcome),
            "findings": [finding.to_dict() for finding in self.findings],
            "checked": self.checked,
            "trials": None if self.trials is None else dataclasses.asdict(self.trials),
        }
        return json.dumps(plain(document), indent=1, allow_nan=False) + "\n"


def diagnosis_of(chart: Chart) -> Diagnosis:
    """Ask every rule about every output that has a loss."""
    return Diagnosis(ranked(surest(found(chart))), tuple(RULES), outcome_of(chart))


def found(chart: Chart) -> Iterator[Finding]:
    """What each rule finds, in the rules' order; of several losses a finding names its own."""
    views = list(chart.views())
    for rule in RULES.values():
        for view in views:
            for finding in rule(view):
                yield finding if len(views) == 1 else named(finding, view)


def named(finding: Finding, view: Chart) -> Finding:
    """The finding with the output's name behind what each output has of its own."""
    output = view.term.name
    where = tuple(f"{w}[{output!r}]" if w in ("loss", "data.y") else w for w in finding.where)
    return dataclasses.replace(finding, where=where, loss=view.number)


def surest(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Of findings of one cause in one place the surest: what all outputs share is found by each."""
    kept: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for finding in findings:
        key = finding.cause, finding.where
        if key not in kept or finding.certainty > kept[key].certainty:
            kept[key] = finding
    return kept.values()
