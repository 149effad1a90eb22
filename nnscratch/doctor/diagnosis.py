"""Diagnosis: what was found, root causes first, as cards, as a page and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.core.plain import plain
from nnscratch.core.tape import labels
from nnscratch.doctor import card, page
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.elimination import by_elimination
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.outcome import Outcome, outcome_of
from nnscratch.doctor.ranking import ranked
from nnscratch.doctor.rules import GROUNDS, RULES, Rule
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


@np.errstate(all="ignore")  # numbers that are none are what is looked for
def diagnosis_of(chart: Chart) -> Diagnosis:
    """Ask every rule about every output that has a loss, if there is ground to stand on."""
    rules, findings, outcome = GROUNDS, list(found(chart, GROUNDS)), outcome_of(chart)
    if not findings:
        rules, findings = {**GROUNDS, **RULES}, list(found(chart, RULES))
        failed = not outcome.learned and not outcome.interrupted
        if failed and all(one.certainty < Certainty.likely for one in findings):
            findings = by_elimination(chart, findings, len(rules))
    return Diagnosis(ranked(surest(findings)), tuple(rules), outcome)


def found(chart: Chart, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """What each rule finds, in the rules' order; of several losses a finding names its own."""
    views = list(chart.views())
    for rule in rules.values():
        for view in views:
            for finding in rule(view):
                where = places(finding, view, len(views) > 1)
                yield dataclasses.replace(finding, where=where, loss=view.number)


def places(finding: Finding, chart: Chart, several: bool) -> tuple[str, ...]:
    """Where a finding lies, as people are told it, each place once.

    A call that is its layer's only one goes by the layer's path, and with several losses that
    loss and its targets have the output's name behind them.
    """
    names = dict(labels(chart.model.graph.keys.values()))
    if several:
        names |= {place: f"{place}[{chart.term.name!r}]" for place in ("loss", "data.y")}
    return tuple(dict.fromkeys(names.get(place, place) for place in finding.where))


def surest(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Of findings of one cause in one place the surest: what all outputs share is found by each."""
    kept: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for finding in findings:
        key = finding.cause, finding.where
        if key not in kept or finding.certainty > kept[key].certainty:
            kept[key] = finding
    return kept.values()
