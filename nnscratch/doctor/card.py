"""Cards: a diagnosis as text, at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from nnscratch.core.table import WIDTH, wrapped
from nnscratch.doctor.causes import CAUSES
from nnscratch.doctor.finding import Evidence, Finding
from nnscratch.doctor.outcome import Outcome
from nnscratch.doctor.trials import Trials

INDENT = "   "
NAMED = 10
"""Columns for the name of a paragraph."""


def text(
    outcome: Outcome, findings: Sequence[Finding], checked: Sequence[str], trials: Trials | None
) -> str:
    """How the training went, and a card for each finding; without any, what was looked for."""
    head = [line for part in str(outcome).splitlines() for line in wrapped(part)]
    if not findings:
        verdict = verdict_of(outcome, findings)
        looked = wrapped(f"looked for: {', '.join(checked)}")
        return "\n".join([verdict, "", *head, "", *looked])
    cards = ("\n".join(card(number, finding)) for number, finding in enumerate(findings, 1))
    cost = [] if trials is None else ["\n".join(wrapped(str(trials)))]
    return "\n\n".join(["\n".join(head), *cards, *cost])


def verdict_of(outcome: Outcome, findings: Sequence[Finding]) -> str:
    """The diagnosis in a line."""
    if findings:
        first = findings[0]
        return f"{first.cause} ({first.certainty.name}): {CAUSES[first.cause].meaning}"
    if outcome.interrupted:
        return "nothing found so far"
    return "nothing found" if outcome.learned else "nothing found, though it has not learned"


def card(number: int, finding: Finding) -> Iterator[str]:
    """A finding for people, line by line."""
    yield f"{number}. {finding.cause} ({finding.certainty.name})"
    yield from textwrap.wrap(
        CAUSES[finding.cause].meaning, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT
    )
    yield from entry("where", ", ".join(finding.where))
    for evidence in finding.evidence:
        yield from entry("seen", seen(evidence))
    yield from entry("why", finding.why)
    yield from entry("fix", finding.fix)
    if finding.trial is not None:
        yield from entry(finding.trial.verdict, str(finding.trial))
    for consequence in finding.consequences:
        yield from entry("follows", f"{at(consequence)}: {seen(consequence.evidence[0])}")


def at(finding: Finding) -> str:
    """A cause and its place."""
    return f"{finding.cause} at {', '.join(finding.where)}"


def seen(evidence: Evidence) -> str:
    """What was seen, and when."""
    return evidence.text if evidence.step is None else f"step {evidence.step}: {evidence.text}"


def entry(name: str, paragraph: str) -> list[str]:
    """A named paragraph."""
    first = f"{INDENT}{name + ':':<{NAMED}}"
    return textwrap.wrap(
        paragraph,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )
