"""What tells the causes of "it predicts the mean" apart: numbers of a network and of its data.

The symptom has two numbers: the mean squared error against that of the best constant, which is
the variance of the targets, and the spread of the answers against that of the targets. Both are
measured in both modes, for batch norm computes one thing in training and another when it infers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.core.describe import norm
from nnscratch.core.store import host
from nnscratch.inspect.attenuation import attenuation
from nnscratch.kernels.ops import Array
from nnscratch.studies.predicts_the_mean.net import Data

LINEAR_ROWS = 4000
"""How many the linear answer is fitted to."""
RIDGE = 1e-3
"""What holds its weights back, as a part of the pixels' variance."""
ROWS = 128
"""In each batch of a look, and so behind each moment in training mode."""
SHOWN = 128
"""Rows whose answers are kept, for figures."""


def answers(model: nn.Model, data: Data) -> dict[str, Any]:
    """How the network's answers compare with the targets: in both modes, and for unseen rows."""
    training = run(model, data.x, training=True)
    inference = run(model, data.x, training=False)
    unseen = run(model, data.unseen_x, training=False)
    return {
        "training": comparison(training, data.y),
        "inference": comparison(inference, data.y),
        "unseen": comparison(unseen, data.unseen_y),
        "gap": float(np.max(np.abs(training - inference))),
        "shown": {
            "target": data.y[:SHOWN, -1].tolist(),
            "training": training[:SHOWN, -1].tolist(),
            "inference": inference[:SHOWN, -1].tolist(),
        },
    }


def run(model: nn.Model, x: Array, training: bool) -> Array:
    """A model's answers (N, targets) in one of the modes, batch after batch."""
    batches = (x[start : start + ROWS] for start in range(0, len(x), ROWS))
    return np.concatenate([host(model.forward(b, training=training).outputs[0]) for b in batches])


def comparison(answers: Array, y: Array) -> dict[str, Any]:
    """Answers against targets, (N, targets) each: the symptom's numbers, and each correlation."""
    return {
        "error": error(answers, y),
        "best_constant_loss": best_constant_loss(y),
        "spread": float(np.mean(np.std(answers, axis=0) / np.std(y, axis=0))),
        "correlations": correlations(answers, y).tolist(),
    }


def error(answers: Array, y: Array) -> float:
    """The mean squared error, against that of the best constants: 1 is "it predicts the mean"."""
    return float(np.mean(np.square(answers - y, dtype=np.float64))) / best_constant_loss(y)


def best_constant_loss(y: Array) -> float:
    """The mean squared error of the best constants, the means: the variance of the targets."""
    return float(np.mean(np.var(y, axis=0, dtype=np.float64)))


def correlations(answers: Array, y: Array) -> Array:
    """Of each target's answers with the target, (targets,); 0 for answers that are all one."""
    a, b = (z - np.mean(z, axis=0, dtype=np.float64) for z in (answers, y))  # (N, targets)
    lengths = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)  # (targets,)
    cosines: Array = np.sum(a * b, axis=0) / np.where(lengths > 0, lengths, 1)
    return cosines


def linear(data: Data) -> float:
    """The part of unseen targets' variance that a linear function of the pixels explains.

    No network is asked. About 0 or less says that the images may have nothing to do with the
    targets; much more, that there is something to learn.
    """
    x, y = flat(data.x[:LINEAR_ROWS]), data.y[:LINEAR_ROWS].astype(np.float64)
    mean, deviation = np.mean(x, axis=0), np.std(x)
    z, unseen = (x - mean) / deviation, (flat(data.unseen_x) - mean) / deviation  # (N, pixels)
    gram = z.T @ z / len(z) + RIDGE * np.eye(z.shape[1])
    weights = np.linalg.solve(gram, z.T @ (y - np.mean(y, axis=0)) / len(z))  # (pixels, targets)
    return 1 - error(unseen @ weights + np.mean(y, axis=0), data.unseen_y)


def flat(images: Array) -> Array:
    """Images (N, H, W, C) as float64 rows (N, H*W*C)."""
    return images.reshape(len(images), -1).astype(np.float64)


def step_look(step: nn.Step) -> dict[str, Any]:
    """What a step says of the gradient: by weight, and on its way to the first layer, in factors.

    slope: the mean slope of the last activation, at most 1/4 for a sigmoid.
    restored: the deviation of what the first batch norm puts out before gamma: 1 as a rule.
    farthest: the farthest from 0 of all that batch norms put out before gamma.
    """
    way = attenuation(step).path("conv_1")
    slopes = {hop.key: hop.slope for hop in way.hops}
    answer = slopes["answer#0"]
    rows = [host(normalised(call)) for call in step.calls.values() if call.layer.role == "norm"]
    return {
        "gradients": {path: norm(host(gradient)) for path, gradient in step.data_gradients.items()},
        "way": [{"call": hop.key, "role": hop.role, "factor": hop.factor} for hop in way.hops],
        "slope": answer.mean if answer else math.nan,
        "restored": float(np.std(rows[0], dtype=np.float64)) if rows else math.nan,
        "farthest": max((float(np.max(np.abs(xhat))) for xhat in rows), default=math.nan),
    }


def normalised(call: nn.Call) -> Array:
    """What a batch norm puts out, before gamma and beta."""
    cache = call.cache
    if isinstance(call.layer, nn.BatchNormalization):
        deviation = np.sqrt(cache.variance + call.layer.epsilon)  # (C,)
        xhat: Array = (cache.x - cache.mean) / deviation
    else:
        xhat = cache.xhat
    return xhat
