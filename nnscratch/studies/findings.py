"""Findings: what a run of a study found, as a value and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from nnscratch.core.plain import plain
from nnscratch.machine import machine
from nnscratch.studies.study import Claim, Results, Setting, Study

NO_FIGURES = "Figures were left out: matplotlib is not installed (pip install 'nnscratch[plot]')."


@dataclass(frozen=True)
class Findings:
    """A study that was run: what its variants measured, and the claims that follow."""

    study: Study
    setting: Setting
    results: Results
    claims: Sequence[Claim]
    pages: Mapping[str, str] = field(default_factory=dict)
    """Those of the variants' trainings, by variant, as seen from the study's folder."""

    @property
    def hold(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)

    def as_json(self) -> str:
        """findings.json; null stands for a number that is not finite, or that there is not."""
        document = {
            "study": self.study.name,
            "source": self.study.source,
            "seed": self.setting.seed,
            "scale": self.setting.scale,
            "backend": self.setting.backend,
            "machine": machine(),
            "variants": [
                {"name": name, "measurements": measured} for name, measured in self.results.items()
            ],
            "claims": [{**asdict(claim), "holds": claim.holds} for claim in self.claims],
        }
        return json.dumps(plain(document), indent=1, allow_nan=False) + "\n"


def number(value: float) -> str:
    """A measured number for people: three digits, and 0 only where it is exactly 0."""
    return f"{value:.3g}"
