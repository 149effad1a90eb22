"""Training question 000's network, and measuring what becomes of it."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import WeightTrack
from nnscratch.kernels.ops import Array
from nnscratch.studies import training
from nnscratch.studies.siamese.net import BATCH, SIZES, Net, build, calibrate, image_pairs
from nnscratch.studies.siamese.watch import Answers, FirstSteps, Hold, Unseen, Ways
from nnscratch.studies.study import Measurements, Setting, Variant
from nnscratch.studies.training import weights

TRAINED = ("*/kernel", "*/bias")
CALIBRATION = 64
"""Pairs whose distances tell where the threshold should start."""
BOOKED = MappingProxyType({"small": (200, 2), "full": (40, 7)})
"""How many steps the ledger books, and at how many gradients each. The first steps of the large
network go so far that the loss falls, and rises again, within one of them."""
BUCKETS = 30
"""Of a histogram: TensorBoard's default."""


def variant(name: str, change: str, net: Net) -> Variant:
    """A variant that trains such a network."""
    return Variant(name, change, lambda setting: train(net, setting))


def train(net: Net, setting: Setting) -> Measurements:
    """Train the network of a recipe, and measure it before, meanwhile and afterwards."""
    (images, same), unseen_pairs = image_pairs(net, setting)
    model, gauge = build(net, setting)
    if net.calibrated:
        calibrate(model, gauge.predict([image[:CALIBRATION] for image in images], verbose=0))
    first = weights(model)
    answers, unseen, recorder = Answers(), Unseen(gauge, unseen_pairs), Recorder(None, TRAINED)
    ways, ledger = Ways(SIZES[setting.scale].convolutions), FirstSteps(*BOOKED[setting.scale])
    callbacks: list[nn.Callback] = [answers, unseen, recorder]
    if net.inspected:
        callbacks.append(ways)
    if net.ledger:
        callbacks.append(ledger)
    if net.held is not None:
        held = fnmatch.filter(first, f"embedder/*/{net.held}")
        callbacks.append(Hold({path: first[path] for path in held}))
    history = training.fit(
        model,
        setting,
        images,
        same,
        batch_size=BATCH,
        epochs=net.epochs.at(setting),
        callbacks=callbacks,
    )
    last = weights(model)
    measured: dict[str, Any] = {
        "updates": model.iteration,
        "learning_rate": model.learning_rate,
        "history": history.history,
        "unseen": unseen.course,
        "left": left(answers.course["answered_same"]),
        "first_answers": answers.course["answered_same"][0],
        "beyond_clip": beyond_clip(answers),
        "weights": {
            path: {"group": group, **weight(first[path], last[path], recorder[path])}
            for path, group in recorder.groups.items()
        },
    }
    if net.inspected:
        measured["course"] = answers.course
        measured["gradients"] = {"way": ways.way, "shares": ways.shares, **ways.course}
    if net.ledger:
        measured["ledger"] = booked(ledger)
    return measured


def beyond_clip(answers: Answers) -> dict[str, float]:
    """The smallest gradient of such a logit in the first step, and the largest of all steps."""
    strongest = [slope for slope in answers.course["strongest"] if not math.isnan(slope)]
    return {
        "weakest": answers.course["weakest"][0],
        "strongest": max(strongest, default=math.nan),
    }


def booked(ledger: Ledger) -> dict[str, Any]:
    """What the ledger says."""
    return {
        "steps": len(ledger.steps),
        "shares": ledger.shares(),
        "first_order": ledger.first_order,
        "total": ledger.total,
        "real": ledger.real,
    }


def left(answered_same: Sequence[float]) -> int | None:
    """The first step whose answers are not all the same; None if there is none."""
    return next((step for step, share in enumerate(answered_same) if 0 < share < 1), None)


def weight(first: Array, last: Array, track: WeightTrack) -> dict[str, Any]:
    """What became of a trained weight, in root mean squares of its entries and in a histogram."""
    edges = np.histogram_bin_edges(np.concatenate([first, last], axis=None), BUCKETS)
    counts = [np.histogram(values, edges)[0] for values in (first, last)]
    return {
        "spread": float(np.std(first)),
        "moved": rms(last.astype(np.float64) - first),
        "update": float(np.mean(track.update.norm)) / math.sqrt(first.size),
        "largest_gradient": float(np.max(track.gradient.largest)),
        "edges": edges.tolist(),
        "before": counts[0].tolist(),
        "after": counts[1].tolist(),
        "overlap": float(np.sum(np.minimum(*counts)) / first.size),
    }


def rms(values: Array) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))
