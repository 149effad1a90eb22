"""Checks for anybody's layer: gradients, and all that the framework relies on besides."""

from __future__ import annotations

from nnscratch.testing.cases import CASES, Case
from nnscratch.testing.conformance import check_layer
from nnscratch.testing.gradients import check_gradients
from nnscratch.testing.report import Derivative, GradientError, Report, Verdict
from nnscratch.testing.trial import ConformanceError

__all__ = [
    "CASES",
    "Case",
    "ConformanceError",
    "Derivative",
    "GradientError",
    "Report",
    "Verdict",
    "check_gradients",
    "check_layer",
]
