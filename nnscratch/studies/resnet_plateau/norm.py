"""What batch norm makes of the scale of its input, exactly: on the untrained network, in float64.

In training it divides by the batch's own deviation, so a factor s on the pixels cancels, if what
is added to the variance grows by s^2: BN(s x; s^2 e) = BN(x; e). As a function of the weights the
loss is then the same, and so is every gradient and every update. When it infers it divides by
moving averages, which before training are 0 and 1 and know nothing of the pixels: with biases of
0 the whole network is then a homogeneous function of its input, and the logits grow by s. Without
batch norm it is one in training, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.resnet_plateau.modes import run, size
from nnscratch.studies.resnet_plateau.net import SIZES, Trial, build, images
from nnscratch.studies.study import Measurements, Setting

ROWS = 16
STEPS = 3
REPEATS = 10


def exact(trial: Trial, setting: Setting) -> Measurements:
    """Three numbers that follow from the definition of batch norm."""
    return {
        "white": SIZES[setting.scale].white,
        "training_difference": training_difference(trial, setting),
        "inference_ratio": logit_ratio(trial, setting, training=False),
        "repeats": REPEATS,
        "first_values_left": first_values_left(trial, setting),
    }


def homogeneous(trial: Trial, setting: Setting) -> Measurements:
    """What the scale does in training to a network without batch norm."""
    return {
        "white": SIZES[setting.scale].white,
        "training_ratio": logit_ratio(trial, setting, training=True),
    }


def training_difference(trial: Trial, setting: Setting) -> float:
    """How far the losses of some training steps differ at the most, as a share, by the scale."""
    epsilon = trial.stem_epsilon / SIZES[setting.scale].white ** 2
    raw = losses(trial, setting)
    scaled = losses(replace(trial, scaled=True, stem_epsilon=epsilon), setting)
    return float(np.max(np.abs(np.divide(raw, scaled) - 1)))


def losses(trial: Trial, setting: Setting) -> list[float]:
    """The losses of some training steps on one batch."""
    x, y = batch(trial, setting)
    model = build(trial, setting, "float64")
    return [model.train_step(x, y).loss for _ in range(STEPS)]


def logit_ratio(trial: Trial, setting: Setting, training: bool) -> float:
    """The untrained network's logits for raw pixels against those for scaled ones."""
    raw, scaled = (
        size(run(build(kind, setting, "float64"), batch(kind, setting)[0], training))
        for kind in (trial, replace(trial, scaled=True))
    )
    return raw / scaled


def first_values_left(trial: Trial, setting: Setting) -> list[float]:
    """The share of each layer's moving mean that is the first value's after some updates.

    The learning rate is 0 and the batch always the same, so that the batch's own means stand still,
    and the moving means, from 0, come as near to them as their momentum lets them.
    """
    x, y = batch(trial, setting)
    model = build(replace(trial, learning_rate=0.0), setting, "float64")
    for _ in range(REPEATS):
        step = model.train_step(x, y)
    shares = []
    for call in step.calls.values():
        if isinstance(call.layer, nn.BatchNormalization):
            moving, own = call.state_out["moving_mean"], call.cache.mean  # (C,)
            shares.append(1 - float(moving @ own) / float(own @ own))
    return shares


def batch(trial: Trial, setting: Setting) -> tuple[Array, Array]:
    """Its first rows, scaled in float64: in float32 that rounds, and training multiplies it."""
    x, y = images(replace(trial, scaled=False), setting)
    white = SIZES[setting.scale].white if trial.scaled else 1
    return x[:ROWS].astype(np.float64) / white, y[:ROWS]
