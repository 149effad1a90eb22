"""The network of question 000: one embedder, called twice, a distance, and one sigmoid unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.study import Epochs, Setting

BATCH = 32
ADAM = nn.Adam(0.001)
Pairs: TypeAlias = tuple[list[Array], Array]
"""Left and right images, (N, H, W, C) each, and whether they are of one class, (N, 1)."""
MARGIN = 1.0
"""Of the contrastive loss: how far apart images of different classes should be."""


SHORT, LONG, UNTIL_IT_MOVES = Epochs(5, 4), Epochs(10, 8), Epochs(16, 16)
"""The last: until the asker's accuracy has moved."""


@dataclass(frozen=True)
class Size:
    """How large the network is, and how much it sees."""

    filters: tuple[tuple[int, ...], ...]
    """Of the 3x3 convolutions; max pooling stands between the groups."""
    image: tuple[int, int, int]
    pairs: int
    """To train on; half of them of one class."""
    unseen_pairs: int
    """Of other images, to measure on."""

    @property
    def convolutions(self) -> int:
        """How many there are."""
        return sum(map(len, self.filters))


SIZES = MappingProxyType(
    {
        "small": Size(((8,), (16,), (64,)), (8, 8, 1), 640, 300),
        "full": Size(((64, 64), (128, 128), (256,), (512,), (1024,)), (32, 32, 3), 1280, 200),
    }
)


@dataclass(frozen=True)
class Signed:
    """Glorot's uniform numbers, all of one sign."""

    sign: int

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A float64 array of that shape."""
        return self.sign * np.abs(nn.initializers.GlorotUniform()(shape, rng))


@dataclass(frozen=True)
class Net:
    """A recipe: two images -> their embeddings -> a distance d -> a logit w d + b.

    Logits above 0 say "same class". The layers are called embedder/conv_1, embedder/conv_2 ...,
    distance and output; the defaults are the asker's, as far as known.
    """

    optimizer: nn.optimizers.Optimizer = ADAM
    weight: nn.initializers.Identifier = Signed(-1)
    """First value of w, which is a random number of either sign."""
    calibrated: bool = False
    """Start instead where the logits of the first pairs have mean 0 and deviation 1, and w < 0."""
    kernels: nn.initializers.Identifier = "glorot_uniform"
    activation: str = "elu"
    batch_norm: bool = False
    """Normalise before every activation."""
    unit_length: bool = False
    """Divide each embedding by its length."""
    mean: bool = False
    """Divide the distance by the number of features."""
    contrastive: bool = False
    """Train Euclidean distances with the contrastive loss, for a threshold that never moves."""
    probabilities: bool = False
    """Clip the sigmoid's output, as Keras does where it cannot recover the logits."""
    white: float = 1.0
    """The largest pixel."""
    held: str | None = None
    """Weights of the embedder that are put back after every step: "kernel" or "bias"."""
    epochs: Epochs = SHORT
    inspected: bool = False
    """Write every step down, and the way of the gradient."""
    ledger: bool = False
    """Keep the learning ledger, which takes several times as long."""


def build(net: Net, setting: Setting) -> tuple[nn.Model, nn.Model]:
    """The network of a recipe, compiled, and one that ends in the distance and shares its layers.

    In float32, like the asker's: there a sigmoid is 1 from a logit of 17 on.
    """
    size = SIZES[setting.scale]
    how: dict[str, Any] = {
        "backend": setting.backend,
        "seed": setting.seed,
        "exact": True,
        "store": nn.Store(),
    }
    embedder = nn.Sequential([nn.Input(size.image), *embedding(net, size)], name="embedder", **how)
    images = [nn.Input(size.image), nn.Input(size.image)]
    measure = nn.L2Distance if net.contrastive else nn.L1Distance
    distance = measure(name="distance")([embedder(image) for image in images])
    if net.mean:
        features = size.filters[-1][-1]
        mean = nn.Lambda(lambda d: d / features, lambda dy, d: dy / features, name="mean")
        distance = mean(distance)
    activation = "sigmoid" if net.probabilities else None
    output = nn.Dense(1, activation, kernel_initializer=net.weight, name="output")
    model = nn.Model(images, output(distance), **how)
    threshold = 0.5 if net.probabilities else 0.0
    accuracy = nn.metrics.BinaryAccuracy("accuracy", threshold=threshold)
    model.compile(net.optimizer, loss(net), [accuracy])
    if net.contrastive:
        set_output(model, -1, MARGIN / 2)
        model.freeze("output")
    return model, nn.Model(images, distance, **how)


def embedding(net: Net, size: Size) -> Iterator[nn.Layer]:
    """The layers of the embedder."""
    number = 0
    for group in size.filters:
        if number:
            yield nn.MaxPooling2D()
        for filters in group:
            number += 1
            name = f"conv_{number}"
            yield nn.Conv2D(filters, 3, padding="same", kernel_initializer=net.kernels, name=name)
            if net.batch_norm:
                yield nn.BatchNormalization(name=f"norm_{number}")
            yield nn.Activation(net.activation, name=f"{net.activation}_{number}")
    yield nn.GlobalMaxPooling2D(name="features")
    if net.unit_length:
        yield nn.UnitNormalization()


def loss(net: Net) -> nn.losses.Loss:
    """What a recipe minimises."""
    if net.contrastive:
        return nn.losses.CustomLoss(contrastive, contrastive_gradient, "contrastive")
    return nn.losses.BinaryCrossentropy(from_logits=not net.probabilities)


def contrastive(logits: Array, same: Array) -> Array:
    """d^2 of pairs of one class, max(margin - d, 0)^2 of others, with d = margin / 2 - logit: (N,).

    Source: Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant
    mapping".
    """
    d = MARGIN / 2 - logits
    values: Array = same * d**2 + (1 - same) * np.maximum(MARGIN - d, 0) ** 2
    return values[:, 0]  # (N,)


def contrastive_gradient(logits: Array, same: Array) -> Array:
    """The derivative of `contrastive` by each logit, (N, 1)."""
    d = MARGIN / 2 - logits
    slopes: Array = -2 * (same * d - (1 - same) * np.maximum(MARGIN - d, 0))
    return slopes


def calibrate(model: nn.Model, distances: Array) -> None:
    """Let the threshold start at the mean of some distances (N, 1), and their logits at std 1."""
    mean, deviation = float(np.mean(distances)), float(np.std(distances))
    set_output(model, -1 / deviation, mean / deviation)


def set_output(model: nn.Model, weight: float, bias: float) -> None:
    """Install w and b."""
    values = {"output/kernel": [[weight]], "output/bias": [bias]}
    model.set_weights({path: np.array(value, np.float32) for path, value in values.items()})


def image_pairs(net: Net, setting: Setting) -> tuple[Pairs, Pairs]:
    """Pairs to train on, and pairs of other images: each ([left, right], same)."""
    size = SIZES[setting.scale]
    load = nn.datasets.digits if setting.scale == "small" else nn.datasets.fashion_mnist
    counts = (size.pairs, size.unseen_pairs)
    seen, unseen = (draw(*part, n, net, setting) for part, n in zip(load(), counts, strict=True))
    return seen, unseen


def draw(x: Array, y: Array, count: int, net: Net, setting: Setting) -> Pairs:
    """Pairs of images of the network's size."""
    images, same = nn.datasets.pairs(x, y, count, setting.seed)
    shape = SIZES[setting.scale].image
    return [framed(image, shape) * np.float32(net.white) for image in images], same


def framed(images: Array, shape: tuple[int, int, int]) -> Array:
    """Grey images (N, H, W, 1), in the middle of larger ones of equal channels (N, *shape)."""
    border = (shape[0] - images.shape[1]) // 2
    padded = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))
    return np.repeat(padded, shape[2], axis=-1)  # (N, *shape)
