"""Counts over many rows: how often the doctor is right, in all and cause by cause."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.doctor.row import Row
from benchmarks.doctor.verdict import Verdict
from nnscratch.core.table import Table

Numbers = dict[str, float]


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Recall, right causes, false alarms, and what the watching cost."""
    known = [row for row in rows if row.error is None]
    buggy = [row for row in known if row.buggy_verdict is not None]
    detected = sum(row.detected for row in buggy)
    right = sum(row.right for row in buggy)
    alarms = sum(row.false_alarm is not None for row in known)
    verdicts = [v for row in known for v in (row.buggy_verdict, row.fixed_verdict) if v is not None]
    seconds = sum(row.seconds for row in known)
    return {
        "programs": len(rows),
        "buggy": len(buggy),
        "detected": detected,
        "recall": share(detected, len(buggy)),
        "cause_correct": right,
        "cause_accuracy": share(right, len(buggy)),
        "healthy": len(known),
        "false_alarms": alarms,
        "false_alarm_rate": share(alarms, len(known)),
        "median_seconds": statistics.median(row.seconds for row in known) if known else 0.0,
        "overhead": share(sum(verdict.overhead for verdict in verdicts), seconds),
        "buggy_failing": sum(row.fails is True for row in known),
        "fixed_learning": sum(row.learns is True for row in known),
        "errors": len(rows) - len(known),
        **trials(buggy, verdicts, seconds),
    }


def trials(buggy: Sequence[Row], verdicts: Sequence[Verdict], seconds: float) -> dict[str, float]:
    """What trying fixes showed, of right first findings and of wrong ones, and what it cost."""
    firsts = [(row.right, row.buggy_verdict) for row in buggy if row.detected]
    tried = [(right, v.verified) for right, v in firsts if v is not None and v.verified is not None]
    return {
        "right_tried": sum(right for right, _ in tried),
        "right_verified": sum(right and better for right, better in tried),
        "wrong_tried": sum(not right for right, _ in tried),
        "wrong_verified": sum(not right and better for right, better in tried),
        "trial_cost": share(sum(verdict.trials for verdict in verdicts), seconds),
    }


def share(part: float, whole: float) -> float:
    """A part of a whole; of nothing it is 0."""
    return part / whole if whole else 0.0


def causes(rows: Sequence[Row]) -> dict[str, Numbers]:
    """For each cause: how many programs have it, how many are found out, and who is accused."""
    names = {row.category for row in rows if row.buggy_verdict is not None}
    named = {v.first for row in rows for v in (row.buggy_verdict, row.fixed_verdict) if v}
    return {name: cause(name, rows) for name in sorted(names | named - {None}, key=str)}


def cause(name: str, rows: Sequence[Row]) -> Numbers:
    """The counts of one cause."""
    having = [row for row in rows if row.category == name and row.buggy_verdict is not None]
    first = [row for row in rows if row.buggy_verdict and row.buggy_verdict.first == name]
    return {
        "programs": len(having),
        "detected": sum(row.detected for row in having),
        "right": sum(row.right for row in having),
        "named": len(first),
        "rightly": sum(row.right for row in first),
        "false_alarms": sum(row.false_alarm == name for row in rows),
    }


def table(rows: Sequence[Row]) -> Table:
    """The causes as a table."""
    return Table(
        "cause by cause",
        ("cause", "programs", "detected", "right", "named", "rightly", "false alarms"),
        list(_lines(rows)),
        (
            "programs that have it first; in how many of them something, and the right thing, was "
            "found; how often it was named first, how often rightly, and in healthy programs",
        ),
    )


def _lines(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for name, counts in causes(rows).items():
        yield (name[:30], *(f"{count:g}" for count in counts.values()))


def closing(rows: Sequence[Row]) -> str:
    """The last lines."""
    told = summary(rows)
    return (
        f"{told['programs']} programs: {told['buggy_failing']} of {told['buggy']} buggy twins "
        f"fail, {told['fixed_learning']} of {told['healthy']} others learn, {told['errors']} "
        f"errors\nrecall {told['recall']:.2f}, right causes {told['cause_accuracy']:.2f}, false "
        f"alarms {told['false_alarm_rate']:.3f}, overhead {told['overhead']:.0%}"
        + (fixes(told) if told["trial_cost"] else "")
    )


def fixes(told: Mapping[str, Any]) -> str:
    """The line about trials."""
    return (
        f"\nverified by their fixes: {told['right_verified']} of {told['right_tried']} right "
        f"findings, {told['wrong_verified']} of {told['wrong_tried']} wrong ones\n"
        f"trials took {told['trial_cost']:.0%} of the training"
    )
