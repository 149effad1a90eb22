"""Ranking: the root cause first, and under it what follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from nnscratch.doctor.finding import Finding

EXPLAINS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        cause: frozenset(consequences.split())
        for cause, consequences in {
            "unscaled_input": (
                "dead_relu saturated_activation saturated_softmax_clip exploding_gradient "
                "lr_too_high lr_too_low vanishing_gradient too_few_updates"
            ),
            "unscaled_target": (
                "exploding_gradient lr_too_high lr_too_low too_few_updates dead_relu "
                "saturated_activation capacity"
            ),
            "weights_too_large": (
                "exploding_gradient saturated_activation saturated_softmax_clip lr_too_low "
                "lr_too_high vanishing_gradient dead_relu precision_lost"
            ),
            "weights_too_small": (
                "vanishing_gradient lr_too_low too_few_updates precision_lost dead_relu"
            ),
            "zero_or_constant_init": (
                "symmetric_units vanishing_gradient dead_relu capacity lr_too_low too_few_updates"
            ),
            "unit_kernels": (
                "symmetric_units weights_too_large exploding_gradient saturated_activation "
                "dead_relu vanishing_gradient capacity"
            ),
            "symmetric_units": "capacity vanishing_gradient too_few_updates",
            "saturated_activation": "vanishing_gradient lr_too_low too_few_updates capacity",
            "dead_relu": "vanishing_gradient lr_too_low too_few_updates capacity",
            "vanishing_gradient": "lr_too_low too_few_updates precision_lost capacity",
            "exploding_gradient": "dead_relu saturated_activation saturated_softmax_clip",
            "wrong_hidden_activation": (
                "vanishing_gradient exploding_gradient saturated_activation lr_too_low "
                "lr_too_high too_few_updates capacity precision_lost"
            ),
            "missing_nonlinearity": "capacity too_few_updates lr_too_low",
            "cancelling_uses": ("vanishing_gradient dead_relu lr_too_low too_few_updates capacity"),
            "precision_lost": "lr_too_low too_few_updates",
            "lr_too_high": (
                "exploding_gradient dead_relu saturated_activation saturated_softmax_clip "
                "too_few_updates"
            ),
            "wrong_gradient": (
                "exploding_gradient lr_too_high saturated_softmax_clip too_few_updates"
            ),
            "loss_formula_bug": (
                "exploding_gradient lr_too_high dead_relu saturated_softmax_clip wrong_loss "
                "too_few_updates"
            ),
            "single_unit_softmax": (
                "wrong_output_units wrong_output_activation wrong_loss saturated_softmax_clip "
                "nothing_trainable vanishing_gradient lr_too_low too_few_updates"
            ),
            "wrong_output_units": (
                "wrong_loss output_range_mismatch wrong_output_activation lr_too_low "
                "too_few_updates exploding_gradient"
            ),
            "output_range_mismatch": (
                "saturated_activation dead_relu lr_too_low too_few_updates unscaled_target "
                "vanishing_gradient"
            ),
            "wrong_output_activation": (
                "saturated_softmax_clip dead_relu exploding_gradient lr_too_low too_few_updates "
                "wrong_loss output_range_mismatch"
            ),
            "double_softmax_or_logits_as_probabilities": (
                "saturated_softmax_clip exploding_gradient dead_relu lr_too_low too_few_updates "
                "wrong_output_activation output_range_mismatch loss_formula_bug lr_too_high"
            ),
            "wrong_loss": "lr_too_low too_few_updates bad_labels no_signal capacity",
            "over_regularization": "vanishing_gradient weights_too_small too_few_updates",
            "answers_beside_threshold": "lr_too_low too_few_updates misleading_metric",
            "bad_labels": "no_signal capacity too_few_updates lr_too_low",
            "no_signal": "capacity too_few_updates lr_too_low",
            "nothing_trainable": "lr_too_low too_few_updates vanishing_gradient",
            "dropout_misuse": "dead_relu lr_too_low too_few_updates vanishing_gradient capacity",
            "class_imbalance": "misleading_metric lr_too_low too_few_updates capacity",
            "batchnorm_axis": "batchnorm_statistics dead_relu too_few_updates lr_too_low",
            "batchnorm_statistics": "saturated_softmax_clip",
            "misleading_metric": "too_few_updates lr_too_low",
        }.items()
    }
)
"""By cause, what it may bring about."""


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the surest first; what another of them explains stands under that one.

    A finding explains another where its cause may bring the other's about and it is at least as
    certain; what follows from its consequences follows from it too. Equally sure ones stay in the
    order that they came in, which is that of the rules.
    """
    ordered = sorted(findings, key=lambda finding: -finding.certainty)
    roots = [one for one in ordered if not any(explains(other, one) for other in ordered)]
    return tuple(dataclasses.replace(root, consequences=under(root, ordered)) for root in roots)


def explains(cause: Finding, consequence: Finding) -> bool:
    """Whether one finding may be the reason of another."""
    return (
        consequence.cause in EXPLAINS.get(cause.cause, ())
        and cause.certainty >= consequence.certainty
    )


def under(root: Finding, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What follows from a root, directly or not. `EXPLAINS` goes round in no circle."""
    others = tuple(findings)
    reached, waiting = [], [root]
    while waiting:
        cause = waiting.pop()
        new = [one for one in others if explains(cause, one) and one not in reached]
        reached += new
        waiting += new
    return tuple(one for one in others if one in reached)
