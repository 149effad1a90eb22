"""Findings: what a run of a study found, as a value and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

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


def plain(value: Any) -> Any:
    """The same in terms of JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def number(value: float) -> str:
    """A measured number for people: three digits, and 0 only where it is exactly 0."""
    return f"{value:.3g}"
