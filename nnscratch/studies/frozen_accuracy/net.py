"""The system of the study frozen-accuracy: its images, and its network as a recipe.

The asker's images are not known. Ours are digits, odd or even, every pixel repeated to the asker's
size. A kernel as large as such an image sees F^2 equal pixels where the digit has one, so that the
network is that for 8x8 images with steps of the kernel F^2 times as long: what is different at
full size is the length of an image, and with it of a step, not the problem.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.study import Epochs, Setting

REPEATED = {"small": 2, "full": 50}
"""How many pixels of an image stand for one of the digit, in each direction."""
SHORT, LONG = Epochs(8, 12), Epochs(8, 50)
BATCH = 32
SMALLER = 0
"""The class with fewer images, the odd digits."""
SIZES = (246, 304)
"""Images of each class: 0.4473 and 0.5527 of all.

Any multiple of 275 images prints what the asker saw from the second epoch on. (The first epoch's
accuracy, 0.4903, asks for 1,650 at least.)
"""
WHITE = 255.0


@dataclass(frozen=True)
class Net:
    """A recipe: images -> convolution -> ReLU -> dense -> ReLU -> 2 classes -> softmax.

    The layers are called conv, hidden, output and softmax, the activations conv_activation and
    hidden_activation; kernels are random (He's normal numbers), biases start at 0.
    """

    white: float = WHITE
    """The brightest pixel; the darkest is 0."""
    kernel: int | None = None
    """Side of the kernels, which then move in steps of 4; None: as large as the image."""
    filters: int = 32
    units: int = 25
    activation: str = "relu"
    batch_norm: bool = False
    """Normalise before every ReLU."""
    from_logits: bool = False
    """Leave the softmax to the loss, which then clips nothing."""
    optimizer: Callable[[float], nn.optimizers.Optimizer] = nn.SGD
    learning_rate: float | None = 0.01
    """None: 1 / (mean square norm of an image)."""
    dtype: str = "float64"
    epsilon: float = 1e-9
    """Where the loss clips probabilities; Keras then took 1e-9 in float64 and 1e-7 in float32."""
    epochs: Epochs = SHORT
    pictures: bool = False
    """Keep pictures of the first filters."""


ASKER = Net(epochs=LONG, pictures=True)


def images(net: Net, setting: Setting) -> tuple[Array, Array]:
    """Images (550, S, S, 1) of that brightness and targets (550, 2), one-hot, in that dtype."""
    bright, classes = _digits(REPEATED[setting.scale])
    return (bright * (net.white / WHITE)).astype(net.dtype, copy=False), nn.to_categorical(
        classes, 2
    )


@functools.lru_cache(maxsize=1)
def _digits(repeated: int) -> tuple[Array, Array]:
    """The first digits of each class in 0..255, float64 (550, S, S, 1), and their classes."""
    (x_train, y_train), (x_test, y_test) = nn.datasets.digits()
    digits = np.concatenate([x_train, x_test])  # (1797, 8, 8, 1)
    odd = np.concatenate([y_train, y_test]) % 2 == 1  # (1797,)
    classes = np.where(odd, SMALLER, 1 - SMALLER)
    first = [np.flatnonzero(classes == number)[:size] for number, size in enumerate(SIZES)]
    rows = np.sort(np.concatenate(first))
    x = WHITE * digits[rows].astype(np.float64)  # (550, 8, 8, 1)
    return x.repeat(repeated, axis=1).repeat(repeated, axis=2), classes[rows]  # (550, S, S, 1)


def square_norm(x: Array) -> float:
    """The mean over the images of the sum of their squared pixels."""
    return float(np.vdot(x, x)) / len(x)


def build(net: Net, setting: Setting, x: Array, start: int) -> nn.Model:
    """The network of a recipe for these images; `start` is the seed of weights and order."""
    side = x.shape[1]
    inputs = nn.Input((side, side, 1))
    size, strides = (side, 1) if net.kernel is None else (net.kernel, 4)
    conv = nn.Conv2D(net.filters, size, strides, kernel_initializer="he_normal", name="conv")
    hidden = nn.Dense(net.units, kernel_initializer="he_normal", name="hidden")
    y = nn.Flatten()(_activated(conv(inputs), "conv", net))
    y = _activated(hidden(y), "hidden", net)
    y = nn.Dense(2, kernel_initializer="he_normal", name="output")(y)
    if not net.from_logits:
        y = nn.Softmax(name="softmax")(y)
    model = nn.Model(inputs, y, backend=setting.backend, seed=start, dtype=net.dtype, exact=True)
    rate = 1 / square_norm(x) if net.learning_rate is None else net.learning_rate
    loss = nn.losses.CategoricalCrossentropy(net.from_logits, epsilon=net.epsilon)
    model.compile(net.optimizer(rate), loss, ["accuracy"])
    return model


def _activated(y: Any, name: str, net: Net) -> Any:
    if net.batch_norm:
        y = nn.BatchNormalization(name=f"{name}_norm")(y)
    return nn.Activation(net.activation, name=f"{name}_activation")(y)
