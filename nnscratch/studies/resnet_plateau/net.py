"""Question 004's network and its images: a stem, three stages of residual bottlenecks, softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.study import Epochs, Setting

CLASSES = 10
EPOCHS = Epochs(2, 3)
"""The asker's 10 take too long at full size; 3 are enough for early stopping to act."""
SPLIT = 0.2
"""The share of the rows, the last ones, that the asker validates on."""


@dataclass(frozen=True)
class Size:
    """How large images and network are."""

    rows: int
    side: int
    """Rows and columns of an image."""
    white: int
    """The largest value of a pixel."""
    widths: tuple[int, int, int]
    """Filters of each stage; the stem has as many as the first."""
    dtype: str
    batches: Mapping[int, int]
    """By the size of a batch at full size: of fewer rows it takes smaller ones to have updates."""


SIZES = MappingProxyType(
    {
        "small": Size(400, 8, 16, (4, 8, 16), "float64", {32: 8, 256: 32}),
        "full": Size(10_000, 50, 255, (32, 64, 128), "float32", {32: 32, 256: 256}),
    }
)


@dataclass(frozen=True)
class Trial:
    """What the asker did, or could have done. The defaults are the asker's, as far as known."""

    scaled: bool = False
    """Divide the pixels by the largest value that they can have."""
    sorted_rows: bool = False
    """Class after class, as one reads them from a folder for each."""
    batch_norm: bool = True
    momentum: float = 0.99
    """Of batch norm's moving averages."""
    stem_epsilon: float = 1e-3
    """What the first batch norm adds to the variance."""
    learning_rate: float = 0.001
    """Adam's."""
    batch_size: int = 32
    patience: int = 2
    """Of early stopping by the validation loss."""
    epochs: Epochs = EPOCHS


def build(trial: Trial, setting: Setting, dtype: str | None = None) -> nn.Model:
    """The asker's network, compiled.

    It ends in logits: where a model ends in a softmax, Keras's cross-entropy reads what the
    softmax read, so that nothing is clipped.
    """
    size = SIZES[setting.scale]
    x = nn.Input((size.side, size.side, 1))
    y = nn.Conv2D(size.widths[0], 5, name="stem")(nn.ZeroPadding2D(3)(x))
    y = normalised(y, "stem_norm", trial, trial.stem_epsilon)
    y = nn.MaxPooling2D(2)(nn.ReLU()(y))
    for stage, width in enumerate(size.widths, start=2):
        y = bottleneck(y, width, f"{stage}a", trial, projection=True)
        y = bottleneck(y, width, f"{stage}b", trial)
        y = bottleneck(y, width, f"{stage}c", trial)
    y = nn.Flatten()(nn.AveragePooling2D(2, padding="same")(y))
    y = nn.Dense(CLASSES, name="output")(y)
    model = nn.Model(
        x,
        y,
        backend=setting.backend,
        seed=setting.seed,
        dtype=dtype or size.dtype,
        exact=True,
    )
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.Adam(trial.learning_rate), loss, ["accuracy"])
    return model


def bottleneck(
    x: nn.Symbol, width: int, name: str, trial: Trial, projection: bool = False
) -> nn.Symbol:
    """Convolutions of 1x1, 3x3 and 1x1 beside a shortcut, which a 1x1 convolution may project."""
    y = nn.ReLU()(convolution(x, width, 1, f"{name}_1", trial))
    y = nn.ReLU()(convolution(y, width, 3, f"{name}_2", trial))
    y = convolution(y, width, 1, f"{name}_3", trial)
    shortcut = convolution(x, width, 1, f"{name}_0", trial) if projection else x
    joined: nn.Symbol = nn.ReLU()(nn.Add()([y, shortcut]))
    return joined


def convolution(x: nn.Symbol, width: int, kernel: int, name: str, trial: Trial) -> nn.Symbol:
    """A convolution that keeps the image's size, and its batch norm."""
    y = nn.Conv2D(width, kernel, padding="same", name=name)(x)
    return normalised(y, f"{name}_norm", trial)


def normalised(x: nn.Symbol, name: str, trial: Trial, epsilon: float = 1e-3) -> nn.Symbol:
    """Batch norm, unless the trial goes without."""
    if not trial.batch_norm:
        return x
    norm = nn.BatchNormalization(momentum=trial.momentum, epsilon=epsilon, name=name)
    y: nn.Symbol = norm(x)
    return y


def images(trial: Trial, setting: Setting) -> tuple[Array, Array]:
    """The asker's rows: images (N, side, side, 1), 0 to white or 0 to 1, and labels (N,)."""
    (x, y), _ = pictures(setting)
    x, y = x[: SIZES[setting.scale].rows], y[: SIZES[setting.scale].rows]
    if trial.sorted_rows:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    return prepared(x, trial, setting), y


def unseen_images(trial: Trial, setting: Setting, count: int) -> tuple[Array, Array]:
    """The first rows of the set's own test part, prepared in the same way."""
    _, (x, y) = pictures(setting)
    return prepared(x[:count], trial, setting), y[:count]


def pictures(setting: Setting) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Digits, or Fashion-MNIST where the size needs it: as they are stored, 0 to white."""
    if setting.scale == "small":
        return nn.datasets.digits(scale=False)
    return nn.datasets.fashion_mnist(scale=False)


def prepared(x: Array, trial: Trial, setting: Setting) -> Array:
    """Images of the asker's size and scale."""
    size = SIZES[setting.scale]
    return resized(x, size.side) / (size.white if trial.scaled else 1)


def resized(x: Array, side: int) -> Array:
    """Square images (N, S, S, 1) as (N, side, side, 1), by bilinear interpolation.

    Pixel i of the new image lies at (i + 1/2) S/side - 1/2 of the old one, and takes its two
    neighbours there in proportion. A separable map: rows and columns by one matrix.
    """
    old = x.shape[1]
    place = np.clip((np.arange(side) + 0.5) * old / side - 0.5, 0, old - 1)  # (side,)
    distance = np.abs(place[:, np.newaxis] - np.arange(old))  # (side, S)
    weights = np.maximum(1 - distance, 0).astype(x.dtype)
    rows = np.einsum("os,nsw->now", weights, x[..., 0])  # (N, side, S)
    new: Array = rows @ weights.T  # (N, side, side)
    return new[..., np.newaxis]  # (N, side, side, 1)
