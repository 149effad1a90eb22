"""The networks whose steps are measured, at the askers' sizes and in float32."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import nnscratch as nn
from benchmarks import nets
from benchmarks.nets import Subject

LEARNING_RATE = 1e-4
"""So small that random data do not make numbers run away."""

SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "lenet": nets.SUBJECTS["LeNet"],
        "siamese": Subject(
            partial(nets.siamese, first=64), 32, (32, 32, 3), inputs=2, targets=nets.pairs
        ),
        # PyTorch's PReLU has a slope for each channel.
        "conv_bn_prelu": Subject(
            partial(nets.regressor, shared_axes=(1, 2)),
            128,
            (32, 32, 1),
            targets=lambda rng, n: rng.random((n, 5)),
        ),
        "resnet": Subject(nets.resnet, 32, (50, 50, 1)),
        "big_kernel": Subject(
            partial(nets.large_kernel, side=400, dtype="float32"),
            32,
            (400, 400, 1),
            targets=lambda rng, n: rng.integers(2, size=n),
        ),
    }
)

OPTIMIZERS: Mapping[str, nn.optimizers.Optimizer] = MappingProxyType(
    {"SGD": nn.SGD(LEARNING_RATE), "Adam": nn.Adam(LEARNING_RATE)}
)
"""By the name that PyTorch has too."""
