"""The rules: one file for each cause. A rule reads the chart and tells what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.rules.answers_beside_threshold import answers_beside_threshold
from nnscratch.doctor.rules.bad_labels import bad_labels
from nnscratch.doctor.rules.batchnorm_axis import batchnorm_axis
from nnscratch.doctor.rules.batchnorm_statistics import batchnorm_statistics
from nnscratch.doctor.rules.cancelling_uses import cancelling_uses
from nnscratch.doctor.rules.capacity import capacity
from nnscratch.doctor.rules.class_imbalance import class_imbalance
from nnscratch.doctor.rules.dead_relu import dead_relu
from nnscratch.doctor.rules.double_softmax_or_logits_as_probabilities import (
    double_softmax_or_logits_as_probabilities,
)
from nnscratch.doctor.rules.dropout_misuse import dropout_misuse
from nnscratch.doctor.rules.exploding_gradient import exploding_gradient
from nnscratch.doctor.rules.loss_formula_bug import loss_formula_bug
from nnscratch.doctor.rules.lr_too_high import lr_too_high
from nnscratch.doctor.rules.lr_too_low import lr_too_low
from nnscratch.doctor.rules.misleading_metric import misleading_metric
from nnscratch.doctor.rules.missing_nonlinearity import missing_nonlinearity
from nnscratch.doctor.rules.nan_in_data import nan_in_data
from nnscratch.doctor.rules.nan_in_weights import nan_in_weights
from nnscratch.doctor.rules.no_signal import no_signal
from nnscratch.doctor.rules.nothing_trainable import nothing_trainable
from nnscratch.doctor.rules.output_range_mismatch import output_range_mismatch
from nnscratch.doctor.rules.over_regularization import over_regularization
from nnscratch.doctor.rules.precision_lost import precision_lost
from nnscratch.doctor.rules.saturated_activation import saturated_activation
from nnscratch.doctor.rules.saturated_softmax_clip import saturated_softmax_clip
from nnscratch.doctor.rules.single_unit_softmax import single_unit_softmax
from nnscratch.doctor.rules.symmetric_units import symmetric_units
from nnscratch.doctor.rules.too_few_rows import too_few_rows
from nnscratch.doctor.rules.too_few_updates import too_few_updates
from nnscratch.doctor.rules.unit_kernels import unit_kernels
from nnscratch.doctor.rules.unscaled_input import unscaled_input
from nnscratch.doctor.rules.unscaled_target import unscaled_target
from nnscratch.doctor.rules.vanishing_gradient import vanishing_gradient
from nnscratch.doctor.rules.weights_too_large import weights_too_large
from nnscratch.doctor.rules.weights_too_small import weights_too_small
from nnscratch.doctor.rules.wrong_gradient import wrong_gradient
from nnscratch.doctor.rules.wrong_hidden_activation import wrong_hidden_activation
from nnscratch.doctor.rules.wrong_loss import wrong_loss
from nnscratch.doctor.rules.wrong_output_activation import wrong_output_activation
from nnscratch.doctor.rules.wrong_output_units import wrong_output_units
from nnscratch.doctor.rules.zero_or_constant_init import zero_or_constant_init

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
            wrong_gradient,
            nothing_trainable,
            bad_labels,
            unscaled_input,
            unscaled_target,
            zero_or_constant_init,
            unit_kernels,
            symmetric_units,
            weights_too_large,
            weights_too_small,
            wrong_hidden_activation,
            missing_nonlinearity,
            over_regularization,
            dropout_misuse,
            batchnorm_axis,
            batchnorm_statistics,
            cancelling_uses,
            class_imbalance,
            lr_too_high,
            precision_lost,
            saturated_activation,
            dead_relu,
            vanishing_gradient,
            answers_beside_threshold,
            lr_too_low,
            too_few_updates,
            exploding_gradient,
            capacity,
            saturated_softmax_clip,
            no_signal,
            misleading_metric,
        )
    }
)
"""By the cause that they look for; what is nearer to the root comes first."""

GROUNDS: Mapping[str, Rule] = MappingProxyType(
    {rule.__name__: rule for rule in (nan_in_data, nan_in_weights, too_few_rows)}
)
"""What all others stand on: where one of these finds something, no other number means anything."""
