"""The network of question 003: convolutions, batch norm, PReLU and pools, five sigmoids.

Its targets are five plain properties of an image: brightness, centre of mass, fill and symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

import nnscratch as nn
from nnscratch.datasets.moments import MOMENT_NAMES, image_moments
from nnscratch.kernels.ops import Array
from nnscratch.studies.predicts_the_mean.early_batch_norm import SPREAD, EarlyBatchNormalization
from nnscratch.studies.study import Epochs, Setting

UNITS = (128, 128)
"""Of the hidden dense layers."""
SMALL_GAMMAS = nn.initializers.RandomUniform(-SPREAD, SPREAD)
ADAM = nn.Adam(0.001)
SHORT, LONGER, LONG = Epochs(3, 6), Epochs(5, 6), Epochs(8, 6)
"""LONG: until the averages of today's batch norm have forgotten their first values."""
L2 = 0.01
"""What Keras takes if it is told no number."""


@dataclass(frozen=True)
class Size:
    """How large images and network are, and how much it sees."""

    filters: tuple[int, ...]
    """Of the convolutions. Each halves the image, down to one place."""
    rows: int
    unseen_rows: int
    batch_size: int

    @property
    def side(self) -> int:
        """Rows and columns of an image."""
        return 1 << len(self.filters)


SIZES = MappingProxyType(
    {
        "small": Size((8, 16, 16, 32), rows=1437, unseen_rows=360, batch_size=32),
        "full": Size((8, 16, 32, 32, 64), rows=23_000, unseen_rows=2000, batch_size=128),
    }
)
"""The asker has 4 to 6 convolutions and some 23,000 rows; 128 is the batch of that day's Keras."""


@dataclass(frozen=True)
class Net:
    """A recipe. The defaults are those of a healthy network of today's layers.

    The layers are called conv_1, conv_1_norm, conv_1_prelu ..., dense_1 ..., output and answer.
    """

    norm: str | None = "today"
    """Which batch norm: today's, the "early" one of Keras 0.3, or none."""
    gammas: nn.initializers.Identifier = "ones"
    """First scales of the batch norms."""
    momentum: float = 0.99
    """Of the moving averages of today's batch norm."""
    activation: str = "prelu"
    answer: str = "sigmoid"
    optimizer: nn.optimizers.Optimizer = ADAM
    loss: str = "mean_squared_error"
    epochs: Epochs = LONG
    l2: float = 0.0
    """Penalty on the squares of all kernels."""
    targets: tuple[str, ...] = MOMENT_NAMES
    shuffled: bool = False
    """Deal the targets out to other images."""
    scale: float = 1.0
    """What the pixels, 0 to 1, are multiplied by."""
    standardised: bool = False
    """Shift and scale what comes of that to mean 0 and deviation 1, over all pixels."""


class Data(NamedTuple):
    """Images (N, side, side, 1) and targets (N, targets), to learn from and to test with."""

    x: Array
    y: Array
    unseen_x: Array
    unseen_y: Array


def build(net: Net, setting: Setting) -> nn.Model:
    """The network of a recipe, compiled. In float32, as the asker's."""
    size = SIZES[setting.scale]
    x = y = nn.Input((size.side, size.side, 1))
    for number, filters in enumerate(size.filters, start=1):
        y = block(y, nn.Conv2D(filters, 3, padding="same", name=f"conv_{number}", **he(net)), net)
        y = nn.MaxPooling2D(name=f"pool_{number}")(y)
    y = nn.Flatten()(y)
    for number, units in enumerate(UNITS, start=1):
        y = block(y, nn.Dense(units, name=f"dense_{number}", **he(net)), net)
    y = nn.Dense(len(net.targets), name="output", **he(net))(y)
    y = nn.Activation(net.answer, name="answer")(y)
    model = nn.Model(x, y, backend=setting.backend, seed=setting.seed, exact=True)
    model.compile(net.optimizer, net.loss)
    return model


def he(net: Net) -> dict[str, Any]:
    """How kernels start and what is held against them."""
    return {
        "kernel_initializer": nn.initializers.HeNormal(),
        "kernel_regularizer": nn.regularizers.L2(net.l2) if net.l2 else None,
    }


def block(x: nn.Symbol, layer: nn.Layer, net: Net) -> nn.Symbol:
    """A layer with weights, the batch norm and the activation behind it."""
    y = layer(x)
    if net.norm is not None:
        y = batch_norm(net, f"{layer.name}_norm")(y)
    activation = nn.PReLU if net.activation == "prelu" else nn.ReLU
    activated: nn.Symbol = activation(name=f"{layer.name}_{net.activation}")(y)
    return activated


def batch_norm(net: Net, name: str) -> nn.Layer:
    """A batch norm."""
    if net.norm == "early":
        return EarlyBatchNormalization(net.gammas, name=name)
    return nn.BatchNormalization(momentum=net.momentum, gamma_initializer=net.gammas, name=name)


def images(net: Net, setting: Setting) -> Data:
    """Images of the network's size, and their targets."""
    size = SIZES[setting.scale]
    seen, unseen = pictures(setting)
    seen, unseen = seen[: size.rows], unseen[: size.unseen_rows]
    rng = np.random.default_rng(setting.seed)
    y, unseen_y = (targets(net, part, rng) for part in (seen, unseen))
    x, unseen_x = seen * np.float32(net.scale), unseen * np.float32(net.scale)
    if net.standardised:
        mean, deviation = np.mean(x), np.std(x)
        x, unseen_x = (x - mean) / deviation, (unseen_x - mean) / deviation
    return Data(x, y, unseen_x, unseen_y)


def pictures(setting: Setting) -> tuple[Array, Array]:
    """Digits of 16x16, every pixel four times; or Fashion-MNIST with a black border, 32x32."""
    if setting.scale == "small":
        (seen, _), (unseen, _) = nn.datasets.digits()
        four = np.ones((1, 2, 2, 1), seen.dtype)
        return np.kron(seen, four), np.kron(unseen, four)  # (N, 2H, 2W, 1)
    (seen, _), (unseen, _) = nn.datasets.fashion_mnist()
    border = ((0, 0), (2, 2), (2, 2), (0, 0))
    return np.pad(seen, border), np.pad(unseen, border)  # (N, H + 4, W + 4, 1)


def targets(net: Net, pixels: Array, rng: np.random.Generator) -> Array:
    """What the network shall find in images (N, H, W, 1): numbers in 0..1, (N, targets)."""
    chosen = [MOMENT_NAMES.index(name) for name in net.targets]
    y = image_moments(pixels)[:, chosen]  # (N, targets)
    return rng.permutation(y) if net.shuffled else y
