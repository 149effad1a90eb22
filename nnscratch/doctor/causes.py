"""The causes that a diagnosis may name: a closed list of terms, in families.

A family says which part of a program is at fault, and so where the repair has to be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Cause(NamedTuple):
    """A fault that a training program can have."""

    family: str
    meaning: str


CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        name: Cause(family, meaning)
        for family, causes in {
            "init": {
                "zero_or_constant_init": "the kernels of a hidden layer begin as one number",
                "symmetric_units": "units of a layer begin equal and cannot become different",
                "unit_kernels": "kernels begin as ones, so that outputs grow with their inputs",
                "weights_too_large": "first weights far above the scale that keeps outputs near 1",
                "nan_in_weights": "weights are NaN or Inf before the first step",
                "weights_too_small": "first weights so small that outputs forget their inputs",
            },
            "gradient flow": {
                "vanishing_gradient": "the gradient dies on its way to the first layers",
                "exploding_gradient": "activations or gradients grow beyond all numbers",
                "dead_relu": "units put out 0 on every row, and so learn nothing",
                "saturated_activation": "units sit where their activation is flat",
                "wrong_hidden_activation": "a hidden activation that destroys the signal",
                "cancelling_uses": "the uses of a shared layer undo each other's gradients",
                "missing_nonlinearity": "all hidden layers together are one linear map",
            },
            "output and loss": {
                "single_unit_softmax": "softmax over one unit is the constant 1",
                "wrong_output_activation": "the last activation fits neither loss nor task",
                "wrong_output_units": "the labels do not fit the number of outputs",
                "output_range_mismatch": "the outputs cannot reach the targets",
                "wrong_loss": "the loss measures something else than the task",
                "double_softmax_or_logits_as_probabilities": (
                    "softmax is applied twice, or not at all, before the cross-entropy"
                ),
                "saturated_softmax_clip": "certain wrong answers lie where the loss is clipped",
                "answers_beside_threshold": (
                    "answers that differ with the classes lie on one side of the threshold"
                ),
                "loss_formula_bug": "a loss or softmax written by hand computes another formula",
                "misleading_metric": "the metric that is reported does not measure the task",
            },
            "data": {
                "unscaled_input": "the inputs' scale is far from 1",
                "unscaled_target": "the targets' scale is far from what the steps can reach",
                "bad_labels": "the labels are not those of the rows",
                "class_imbalance": "some classes are nearly absent",
                "nan_in_data": "inputs or targets hold NaN or Inf",
                "too_few_rows": "so few rows that nothing can be learned from them",
                "no_signal": "the inputs say nothing about the targets",
            },
            "step": {
                "lr_too_high": "the steps are too long",
                "lr_too_low": "the steps are too short",
                "too_few_updates": "training ended long before it could have worked",
                "wrong_gradient": "the updates do not go down the gradient",
                "precision_lost": "gradients too small for the optimizer to tell",
                "nothing_trainable": "no weight that matters is trained",
            },
            "normalisation": {
                "batchnorm_statistics": "moving averages do not describe the data",
                "batchnorm_axis": "batch normalisation over another axis than the channels'",
            },
            "regularisation": {
                "over_regularization": "the penalty outweighs the loss",
                "dropout_misuse": "dropout or noise leaves too little, or stands where it harms",
            },
            "size": {
                "capacity": "too few units or layers for the task",
            },
        }.items()
        for name, meaning in causes.items()
    }
)
