"""Studies as wholes, each run once for all tests."""

from __future__ import annotations

import functools

from nnscratch.studies import registry, runner
from nnscratch.studies.findings import Findings
from nnscratch.studies.study import Claim, Results, Setting


@functools.cache
def found(name: str, seed: int = 0) -> Findings:
    """A study's findings, at its small size."""
    return runner.run(registry.get(name), Setting(seed=seed))


def failed(findings: Findings) -> list[str]:
    """The claims that do not hold."""
    return [
        f"{claim.claim}: {claim.measured} is not {claim.expected}"
        for claim in findings.claims
        if not claim.holds
    ]


def checked(name: str, results: Results, claim: str) -> Claim:
    """The study's claim that begins with these words, for these results."""
    (one,) = [c for c in registry.get(name).claims(results) if c.claim.startswith(claim)]
    return one


def spoken(findings: Findings) -> list[str]:
    """All that a study says in words."""
    study, results = findings.study, findings.results
    return [
        study.answer(results),
        *(item.why for item in study.advice(results)),
        *(figure.caption for figure in study.figures(results)),
        *(str(table) for table in study.tables(results)),
    ]
