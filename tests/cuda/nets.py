"""Networks for trainings on the emulated device."""

from __future__ import annotations

from typing import Any

import nnscratch as nn

(X, Y), _ = nn.datasets.digits()


def lenet(backend: str, **options: Any) -> nn.Model:
    """Every kind of kernel in a few layers, compiled."""
    layers = [
        nn.Input((8, 8, 1)),
        nn.Conv2D(6, 3, padding="same", activation="relu"),
        nn.MaxPooling2D(),
        nn.Conv2D(8, 3, use_bias=False, kernel_regularizer="l2"),
        nn.BatchNormalization(),
        nn.PReLU(shared_axes=(1, 2)),
        nn.AveragePooling2D(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Dense(16, activation="tanh"),
        nn.Dense(10),
    ]
    model = nn.Sequential(layers, seed=0, backend=backend, **options)
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.Adam(0.01), loss, ["accuracy"])
    return model
