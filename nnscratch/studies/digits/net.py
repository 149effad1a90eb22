"""The network of the studies on digits: convolutions, one or two dense layers, plain SGD."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.inspect.norms import change, norm
from nnscratch.inspect.series import WeightTrack
from nnscratch.inspect.units import distinct, live, spread
from nnscratch.kernels.ops import Array
from nnscratch.studies.digits.points import Points
from nnscratch.studies.study import Epochs, Measurements, Setting, Variant
from nnscratch.studies.training import fit, weights

SHAPE = (8, 8, 1)
CLASSES = 10
BATCH = 32
BRIEF, SHORT, LONG = Epochs(2, 50), Epochs(3, 50), Epochs(6, 50)
"""How long networks are trained: in full all alike, else as their claims need."""

After = Callable[[nn.Model, Setting], Measurements]
"""What a variant measures besides, on its trained model."""


@dataclass(frozen=True)
class Net:
    """A recipe: 8x8 digits -> 3x3 convolutions -> a hidden dense layer -> 10 logits.

    The layers are called conv_1, conv_2 ..., hidden and output; biases start at 0.
    """

    kernels: tuple[nn.initializers.Identifier, ...] = ("glorot_uniform", "glorot_uniform")
    """First values of each convolution's kernel."""
    filters: tuple[int, ...] = (8, 16)
    hidden: nn.initializers.Identifier | None = "glorot_uniform"
    """First values of the hidden dense layer, 32 wide; None: there is no such layer."""
    output: nn.initializers.Identifier = "glorot_uniform"
    """First values of the last dense layer."""
    activation: str = "sigmoid"
    batch_norm: bool = False
    """Normalise before every activation."""
    residual: bool = False
    """Add to the last convolution's output what it read; that needs equal widths."""
    learning_rate: float = 0.5
    epochs: Epochs = SHORT
    frozen: tuple[str, ...] = ()
    """Layers that are not trained."""
    ledger: int = 0
    """How many gradients the learning ledger takes along each step; 0: there is none."""


ASKER = Net(
    kernels=("unit_matrix",),
    filters=(8,),
    hidden=None,
    output="zeros",
    learning_rate=0.03,
    epochs=LONG,
)
"""Question 001: unit matrices, a zero dense layer, sigmoid. It tells no sizes and no rate: with one
convolution and this rate the network learns well and its kernels move by some 10 %, as described.
"""


def variant(name: str, change: str, net: Net, after: After | None = None) -> Variant:
    """A variant that trains such a network, and may measure more on the trained model."""

    def run(setting: Setting) -> Measurements:
        model, measured = train(net, setting)
        return {**measured, **after(model, setting)} if after else measured

    return Variant(name, change, run)


def build(net: Net, setting: Setting) -> nn.Model:
    """The network of a recipe.

    In float64, so that what is not exactly 0 is not rounded to it: in float32 sigmoid(17) is 1.
    """
    x = y = nn.Input(SHAPE)
    for i, (filters, kernel) in enumerate(zip(net.filters, net.kernels, strict=True), start=1):
        branches = net.residual and i == len(net.filters)
        padding = "same" if branches else "valid"
        conv = nn.Conv2D(filters, 3, padding=padding, kernel_initializer=kernel, name=f"conv_{i}")
        y = activated(nn.Add()([y, conv(y)]) if branches else conv(y), conv, net)
    y = nn.Flatten()(y)
    if net.hidden is not None:
        hidden = nn.Dense(32, kernel_initializer=net.hidden, name="hidden")
        y = activated(hidden(y), hidden, net)
    y = nn.Dense(CLASSES, kernel_initializer=net.output, name="output")(y)
    model = nn.Model(x, y, backend=setting.backend, seed=setting.seed, dtype="float64", exact=True)
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.SGD(net.learning_rate), loss, ["accuracy"])
    model.freeze(*net.frozen)
    return model


def activated(y: nn.Symbol, layer: nn.Layer, net: Net) -> nn.Symbol:
    """What follows every layer but the last."""
    if net.batch_norm:
        y = nn.BatchNormalization(name=f"{layer.name}_norm")(y)
    activation: nn.Symbol = nn.Activation(net.activation, name=f"{layer.name}_{net.activation}")(y)
    return activation


def train(net: Net, setting: Setting) -> tuple[nn.Model, dict[str, Any]]:
    """Train the network of a recipe on the digits: the trained model and its measurements."""
    (x, y), (x_test, y_test) = nn.datasets.digits()
    model = build(net, setting)
    first = weights(model)
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    recorder, points, ledger = nn.Recorder(every=None), Points(), nn.Ledger(net.ledger or 1)
    epochs = net.epochs.at(setting)
    callbacks = [recorder, points, *([ledger] if net.ledger else [])]
    fit(model, setting, x, y, batch_size=BATCH, epochs=epochs, callbacks=callbacks)
    after = model.evaluate(x, y, verbose=0, return_dict=True)
    answers = np.argmax(model.predict(x_test, verbose=0), axis=1)  # (N,)
    last = weights(model)
    measured: dict[str, Any] = {
        "learning_rate": net.learning_rate,
        "updates": model.iteration,
        "loss_before": before["loss"],
        "loss_after": after["loss"],
        "best_constant_loss": entropy(y),
        "accuracy": after["accuracy"],
        "test_accuracy": float(np.mean(answers == y_test)),
        "different_answers": len(np.unique(answers)),
        "steps": points.steps,
        "batch_loss": np.array(recorder.loss)[points.steps].tolist(),
        "attenuation": points.attenuation,
        "paths": points.paths,
        "weights": {
            path: weight(first[path], last[path], recorder[path], points, path)
            for path in recorder.weights
        },
        "first_layer": {
            "before": first["conv_1/kernel"][:, :, 0].tolist(),  # (3, 3, filters)
            "after": last["conv_1/kernel"][:, :, 0].tolist(),
        },
    }
    if net.ledger:
        measured["ledger"] = {
            "first_order": ledger.first_order,
            "along": ledger.total,
            "real": ledger.real,
            "shares": ledger.shares(),
            "groups": ledger.groups,
        }
    return model, measured


def weight(
    first: Array, last: Array, track: WeightTrack, points: Points, path: str
) -> dict[str, Any]:
    """What became of a trained weight."""
    ratios = track.ratio[points.steps].tolist()
    measured: dict[str, Any] = {
        "norm_before": norm(first),
        "change": change(first, last),
        "largest_gradient": float(np.max(track.gradient.largest)),
        "gradient": track.gradient.norm[points.steps].tolist(),
        "ratio": [None if math.isnan(ratio) else ratio for ratio in ratios],
    }
    if first.ndim == 1:
        return measured
    return measured | {
        "units": first.shape[-1],
        "distinct_before": distinct(first),
        "distinct_after": distinct(last),
        "live_before": live(first),
        "live_after": live(last),
        "spread_after": spread(last),
        "distinct": points.distinct[path],
    }


def entropy(labels: Array) -> float:
    """The lowest loss of a constant prediction: the entropy of the classes, in nats."""
    share = np.bincount(labels) / len(labels)
    return float(-np.sum(share * np.log(share)))
