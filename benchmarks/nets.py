"""The networks that are measured: LeNet, and those of the five studies at sizes that a step of
milliseconds allows. Data are random: no time depends on what they show.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array

Images = tuple[int, int, int]


@dataclass(frozen=True)
class Subject:
    """A network, and what one of its training steps reads."""

    build: Callable[..., nn.Model]
    """Of a backend's name, and perhaps an optimizer -> the compiled model."""
    batch: int
    image: Images
    inputs: int = 1
    targets: Callable[[np.random.Generator, int], Array] = lambda rng, n: rng.integers(10, size=n)
    """Of a generator and a number of rows."""

    def with_batch(self, batch: int | None) -> Subject:
        """The same with so many rows in a step; None: as many as before."""
        return self if batch is None else dataclasses.replace(self, batch=batch)

    def rows(self, steps: int) -> tuple[Any, Array]:
        """Inputs and targets for so many steps."""
        rng, count = np.random.default_rng(0), steps * self.batch
        xs = [rng.random((count, *self.image), dtype=np.float32) for _ in range(self.inputs)]
        return xs if self.inputs > 1 else xs[0], self.targets(rng, count)


def lenet(backend: str, optimizer: Any = "adam") -> nn.Model:
    """Two convolutions with pooling, two dense layers and the classes."""
    model = nn.Sequential(
        [
            nn.Input((28, 28, 1)),
            nn.Conv2D(6, 5, padding="same", activation="tanh"),
            nn.AveragePooling2D(2),
            nn.Conv2D(16, 5, activation="tanh"),
            nn.AveragePooling2D(2),
            nn.Flatten(),
            nn.Dense(120, activation="tanh"),
            nn.Dense(84, activation="tanh"),
            nn.Dense(10, activation="softmax"),
        ],
        backend=backend,
        seed=0,
        store=nn.Store(),
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def digits_net(backend: str) -> nn.Model:
    """Of zero-init and unit-kernel: two convolutions, two dense layers, sigmoid, in float64."""
    model = nn.Sequential(
        [
            nn.Input((8, 8, 1)),
            nn.Conv2D(8, 3, activation="sigmoid"),
            nn.Conv2D(16, 3, activation="sigmoid"),
            nn.Flatten(),
            nn.Dense(32, activation="sigmoid"),
            nn.Dense(10),
        ],
        backend=backend,
        dtype="float64",
        seed=0,
    )
    model.compile(nn.SGD(0.5), nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def siamese(backend: str, optimizer: Any = "adam", first: int = 16) -> nn.Model:
    """Of siamese: seven convolutions, called for two images; the asker's first had 64 filters."""
    how: dict[str, Any] = {"backend": backend, "seed": 0, "store": nn.Store()}
    layers: list[Any] = [nn.Input((32, 32, 3))]
    for group in ((first,) * 2, (2 * first,) * 2, (4 * first,), (8 * first,), (16 * first,)):
        layers += [nn.Conv2D(n, 3, padding="same", activation="elu") for n in group]
        layers.append(nn.MaxPooling2D())
    layers[-1] = nn.GlobalMaxPooling2D()
    embedder = nn.Sequential(layers, name="embedder", **how)
    a, b = nn.Input((32, 32, 3)), nn.Input((32, 32, 3))
    distance = nn.L1Distance()([embedder(a), embedder(b)])
    model = nn.Model([a, b], nn.Dense(1)(distance), **how)
    model.compile(optimizer, nn.losses.BinaryCrossentropy(from_logits=True))
    return model


def large_kernel(
    backend: str, optimizer: Any = None, side: int = 200, dtype: str = "float64"
) -> nn.Model:
    """Of frozen-accuracy: a kernel as large as the image; the asker's was 400 x 400, in float64."""
    model = nn.Sequential(
        [
            nn.Input((side, side, 1)),
            nn.Conv2D(32, side, activation="relu", kernel_initializer="he_normal"),
            nn.Flatten(),
            nn.Dense(25, activation="relu"),
            nn.Dense(2, activation="softmax"),
        ],
        backend=backend,
        dtype=dtype,
        seed=0,
        store=nn.Store(),
    )
    model.compile(optimizer or nn.SGD(1e-4), "sparse_categorical_crossentropy")
    return model


def regressor(
    backend: str, optimizer: Any = "adam", shared_axes: Sequence[int] | None = None
) -> nn.Model:
    """Of predicts-the-mean: convolution, batch norm, PReLU and pooling five times, two dense.

    The asker's slopes are one for each element of an image; shared_axes=(1, 2): for each channel.
    """
    layers: list[Any] = [nn.Input((32, 32, 1))]
    for filters in (8, 16, 32, 32, 64):
        layers += [nn.Conv2D(filters, 3, padding="same"), nn.BatchNormalization()]
        layers += [nn.PReLU(shared_axes=shared_axes), nn.MaxPooling2D()]
    layers.append(nn.Flatten())
    for _ in range(2):
        layers += [nn.Dense(128), nn.BatchNormalization(), nn.PReLU()]
    layers.append(nn.Dense(5, activation="sigmoid"))
    model = nn.Sequential(layers, backend=backend, seed=0, store=nn.Store())
    model.compile(optimizer, "mse")
    return model


def resnet(backend: str, optimizer: Any = "adam") -> nn.Model:
    """Of resnet-plateau: a stem, and three stages of three bottlenecks."""
    x = nn.Input((50, 50, 1))
    y = nn.Conv2D(32, 5)(nn.ZeroPadding2D(3)(x))
    y = nn.MaxPooling2D()(nn.ReLU()(nn.BatchNormalization()(y)))
    for width in (32, 64, 128):
        for _ in range(3):
            y = bottleneck(y, width)
    y = nn.Dense(10)(nn.Flatten()(nn.AveragePooling2D(2, padding="same")(y)))
    model = nn.Model(x, y, backend=backend, seed=0, store=nn.Store())
    model.compile(optimizer, nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def bottleneck(x: nn.Symbol, width: int) -> nn.Symbol:
    """Convolutions of 1x1, 3x3 and 1x1 beside a shortcut, which is projected to a new width."""

    def convolved(x: nn.Symbol, size: int) -> nn.Symbol:
        y: nn.Symbol = nn.BatchNormalization()(nn.Conv2D(width, size, padding="same")(x))
        return y

    y = convolved(nn.ReLU()(convolved(nn.ReLU()(convolved(x, 1)), 3)), 1)
    shortcut = x if x.shape[-1] == width else convolved(x, 1)
    joined: nn.Symbol = nn.ReLU()(nn.Add()([y, shortcut]))
    return joined


def pairs(rng: np.random.Generator, count: int) -> Array:
    """Whether two images are of one class, (N, 1)."""
    return rng.integers(2, size=(count, 1))


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "LeNet": Subject(lenet, 64, (28, 28, 1)),
        "zero-init, unit-kernel": Subject(digits_net, 32, (8, 8, 1)),
        "siamese": Subject(siamese, 32, (32, 32, 3), inputs=2, targets=pairs),
        "frozen-accuracy": Subject(
            large_kernel, 32, (200, 200, 1), targets=lambda rng, n: rng.integers(2, size=n)
        ),
        "predicts-the-mean": Subject(
            regressor, 128, (32, 32, 1), targets=lambda rng, n: rng.random((n, 5))
        ),
        "resnet-plateau": Subject(resnet, 16, (50, 50, 1)),
    }
)
