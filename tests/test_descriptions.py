"""A mistyped argument is named, with the nearest one, whatever is being described."""

from __future__ import annotations

import pytest

import nnscratch as nn


@pytest.mark.parametrize(
    ("make", "mistyped", "meant"),
    [
        (nn.SGD, "learning_rat", "learning_rate"),
        (nn.Adam, "beta1", "beta_1"),
        (nn.AdamW, "weigth_decay", "weight_decay"),
        (nn.losses.BinaryCrossentropy, "from_logit", "from_logits"),
        (nn.metrics.BinaryAccuracy, "treshold", "threshold"),
        (nn.initializers.RandomNormal, "std", "stddev"),
        (nn.initializers.Constant, "valu", "value"),
        (nn.regularizers.L1L2, "l_1", "l1"),
        (nn.schedules.ExponentialDecay, "decay_step", "decay_steps"),
        (nn.EarlyStopping, "patiance", "patience"),
    ],
)
def test_mistyped_argument(make, mistyped, meant):
    message = f"unknown argument of {make.__name__} '{mistyped}': did you mean '{meant}'"
    with pytest.raises(nn.UnknownNameError, match=message):
        make(**{mistyped: 1})
