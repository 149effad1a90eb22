"""The rules: one file for each cause. A rule reads the chart and tells what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.rules.double_softmax_or_logits_as_probabilities import (
    double_softmax_or_logits_as_probabilities,
)
from nnscratch.doctor.rules.loss_formula_bug import loss_formula_bug
from nnscratch.doctor.rules.output_range_mismatch import output_range_mismatch
from nnscratch.doctor.rules.single_unit_softmax import single_unit_softmax
from nnscratch.doctor.rules.wrong_loss import wrong_loss
from nnscratch.doctor.rules.wrong_output_activation import wrong_output_activation
from nnscratch.doctor.rules.wrong_output_units import wrong_output_units

Rule = Callable[[Chart], Iterator[Finding]]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            single_unit_softmax,
            wrong_output_units,
            wrong_output_activation,
            output_range_mismatch,
            double_softmax_or_logits_as_probabilities,
            wrong_loss,
            loss_formula_bug,
        )
    }
)
"""By the cause that they look for."""
