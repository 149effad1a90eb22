"""Small networks, data, and comparisons to the bit, for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.core.tape import ALL
from tests.backends import BACKEND, host


def images(n=12, size=6):
    """Images (n, size, size, 1) and labels (n,) of 3 classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, size, size, 1), dtype=np.float32), rng.integers(3, size=n)


def conv_net(backend=BACKEND, optimizer="adam", size=6, **options):
    """A compiled net with batch norm, dropout and a penalty, whose values nobody shares."""
    layers = [
        nn.Input((size, size, 1)),
        nn.Conv2D(4, 3, activation="elu", kernel_regularizer="l2"),
        nn.BatchNormalization(),
        nn.MaxPooling2D(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Dense(3, activation="softmax"),
    ]
    model = nn.Sequential(layers, **{"backend": backend, "seed": 3, "store": nn.Store()} | options)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def linear(kernel, loss="mean_squared_error", optimizer="sgd", **options):
    """A compiled `x @ kernel` in float64 with the given values."""
    kernel = np.asarray(kernel, float)
    layer = nn.Dense(kernel.shape[1], use_bias=False, **options)
    model = nn.Sequential(
        [nn.Input(kernel.shape[:1]), layer], backend=BACKEND, dtype="float64", seed=0
    )
    model.compile(optimizer, loss)
    model.set_weights([kernel])
    return model


def arrays_in(value: Any, place: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """All arrays in nested tuples and mappings, on the host, with where they are."""
    value = host(value)
    if isinstance(value, np.ndarray):
        yield place, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from arrays_in(entry, f"{place}/{key}")
    elif isinstance(value, tuple):
        for number, entry in enumerate(value):
            yield from arrays_in(entry, f"{place}/{number}")


def contents(step) -> dict[str, np.ndarray]:
    """Every array of a step and of its calls, by where it is."""
    fields = {name: value for name, value in vars(step).items() if name != "calls"}
    fields |= {"batch": (step.batch.inputs, step.batch.targets)}
    for key, call in step.calls.items():
        fields |= {f"{key}.{name}": getattr(call, name) for name in ALL}
    return dict(arrays_in(fields))


def assert_same_bits(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for place, array in expected.items():
        assert found[place].dtype == array.dtype, place
        assert found[place].tobytes() == array.tobytes(), place


def everything(model) -> dict[str, np.ndarray]:
    """Copies of all numbers that training changes."""
    slots = model.start(model.context(training=True)).slots
    held = {"params": dict(model.params), "slots": slots, "iteration": np.array(model.iteration)}
    return {place: array.copy() for place, array in arrays_in(held)}
