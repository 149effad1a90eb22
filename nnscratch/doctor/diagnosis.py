"""Diagnosis: what was found, root causes first, as cards, as HTML and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from nnscratch.core.table import WIDTH, wrapped
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.ranking import ranked
from nnscratch.doctor.rules import RULES

INDENT = "  "


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a training."""

    findings: tuple[Finding, ...]
    """Root causes, the surest first; each with its consequences."""
    checked: tuple[str, ...]
    """The causes that were looked for."""

    def __str__(self) -> str:
        """Cards, at 80 columns."""
        if not self.findings:
            return "\n".join(wrapped(f"nothing found; looked for {', '.join(self.checked)}"))
        cards = (card(number, finding) for number, finding in enumerate(self.findings, 1))
        return "\n\n".join(cards)

    def _repr_html_(self) -> str:
        return f"<pre style='white-space: pre-wrap'>{escape(str(self))}</pre>"

    def to_json(self) -> str:
        """The findings and what was checked."""
        findings = [finding.to_dict() for finding in self.findings]
        return json.dumps({"findings": findings, "checked": list(self.checked)}, indent=1)


def card(number: int, finding: Finding) -> str:
    """A finding for people."""
    head = f"{number}. {finding.cause} ({finding.certainty.name}): {', '.join(finding.where)}"
    return "\n".join([*wrapped(head), *body(finding)])


def body(finding: Finding) -> Iterator[str]:
    """The lines below a card's first."""
    for evidence in finding.evidence:
        step = "" if evidence.step is None else f"step {evidence.step}: "
        yield from entry("seen", step + evidence.text)
    yield from entry("why", finding.why)
    yield from entry("fix", finding.fix)
    if finding.verified is not None:
        yield from entry("verified", finding.verified)
    for consequence in finding.consequences:
        what = f"{consequence.cause} at {', '.join(consequence.where)}"
        yield from entry("follows", f"{what}: {consequence.evidence[0].text}")


def entry(name: str, text: str) -> list[str]:
    """A named paragraph."""
    first = f"{INDENT}{name + ':':<10}"
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


def diagnosis_of(chart: Chart) -> Diagnosis:
    """Ask every rule."""
    found = [finding for rule in RULES.values() for finding in rule(chart)]
    return Diagnosis(ranked(found), tuple(RULES))
