"""The networks that are measured: LeNet, and those of the five studies at sizes that a step of
milliseconds allows. Data are random: no time depends on what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    build: Callable[[str], nn.Model]
    """Of a backend's name -> the compiled model."""
    batch: int
    image: Images
    inputs: int = 1
    targets: Callable[[np.random.Generator, int], Array] = lambda rng, n: rng.integers(10, size=n)
    """Of a generator and a number of rows."""

    def rows(self, steps: int) -> tuple[Any, Array]:
        """Inputs and targets for so many steps."""
        rng, count = np.random.default_rng(0), steps * self.batch
        xs = [rng.random((count, *self.image), dtype=np.float32) for _ in range(self.inputs)]
        return xs if self.inputs > 1 else xs[0], self.targets(rng, count)


def lenet(backend: str) -> nn.Model:
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
    model.compile("adam", "sparse_categorical_crossentropy")
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


def siamese(backend: str) -> nn.Model:
    """Of siamese: seven convolutions with a quarter of their filters, called for two images."""
    layers: list[Any] = [nn.Input((32, 32, 3))]
    for group in ((16, 16), (32, 32), (64,), (128,), (256,)):
        layers += [nn.Conv2D(n, 3, padding="same", activation="elu") for n in group]
        layers.append(nn.MaxPooling2D() if group != (256,) else nn.GlobalMaxPooling2D())
    embedder = nn.Sequential(layers, name="embedder", backend=backend, seed=0)
    a, b = nn.Input((32, 32, 3)), nn.Input((32, 32, 3))
    distance = nn.L1Distance()([embedder(a), embedder(b)])
    model = nn.Model([a, b], nn.Dense(1)(distance), backend=backend, seed=0)
    model.compile(nn.Adam(0.001), nn.losses.BinaryCrossentropy(from_logits=True))
    return model


def large_kernel(backend: str) -> nn.Model:
    """Of frozen-accuracy: a kernel as large as the image, at half of its side, in float64."""
    model = nn.Sequential(
        [
            nn.Input((200, 200, 1)),
            nn.Conv2D(32, 200, activation="relu", kernel_initializer="he_normal"),
            nn.Flatten(),
            nn.Dense(25, activation="relu"),
            nn.Dense(2, activation="softmax"),
        ],
        backend=backend,
        dtype="float64",
        seed=0,
    )
    model.compile(nn.SGD(1e-4), "sparse_categorical_crossentropy")
    return model


def regressor(backend: str) -> nn.Model:
    """Of predicts-the-mean: convolution, batch norm, PReLU and pooling five times, two dense."""
    layers: list[Any] = [nn.Input((32, 32, 1))]
    for filters in (8, 16, 32, 32, 64):
        layers += [nn.Conv2D(filters, 3, padding="same"), nn.BatchNormalization()]
        layers += [nn.PReLU(), nn.MaxPooling2D()]
    layers.append(nn.Flatten())
    for _ in range(2):
        layers += [nn.Dense(128), nn.BatchNormalization(), nn.PReLU()]
    model = nn.Sequential([*layers, nn.Dense(5, activation="sigmoid")], backend=backend, seed=0)
    model.compile("adam", "mse")
    return model


def resnet(backend: str) -> nn.Model:
    """Of resnet-plateau: a stem, and three stages of three bottlenecks."""
    x = nn.Input((50, 50, 1))
    y = nn.Conv2D(32, 5)(nn.ZeroPadding2D(3)(x))
    y = nn.MaxPooling2D()(nn.ReLU()(nn.BatchNormalization()(y)))
    for width in (32, 64, 128):
        for _ in range(3):
            y = bottleneck(y, width)
    y = nn.Dense(10)(nn.Flatten()(nn.AveragePooling2D(2, padding="same")(y)))
    model = nn.Model(x, y, backend=backend, seed=0)
    model.compile("adam", nn.losses.SparseCategoricalCrossentropy(from_logits=True))
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
