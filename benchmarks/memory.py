"""Peak memory of a training step: what keeping every field of every call costs.

    python -m benchmarks.memory [numpy|numba]

`fit` keeps only what its probes need, and frees the rest while the step runs; `train_step` keeps
everything. The step belongs to a LeNet-like net on 64 images of 28 x 28; its second step is
measured, so that compiled kernels and the optimizer's memory are there already.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import numpy as np

import nnscratch as nn

ROWS = 64
MIB = 2**20


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


def peak(work: Callable[[], object]) -> int:
    """Bytes that were allocated at once, at most, while the work ran; what was there before aside.

    Its result is held until the measurement ends, as somebody who wanted it would.
    """
    tracemalloc.start()
    try:
        result = work()
        _, most = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return most


def measure(backend: str = "numba") -> dict[str, int]:
    """Peak bytes of one step: in fit without a probe, with one that needs all, and train_step."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, 28, 28, 1), dtype=np.float32)
    y = rng.integers(10, size=ROWS)
    model = lenet(backend)
    probe = nn.LambdaCallback(on_step=lambda step: None, needs=FIELDS)

    def fit(*callbacks: nn.Callback) -> nn.History:
        return model.fit(x, y, batch_size=ROWS, verbose=0, callbacks=callbacks)

    model.train_step(x, y)
    fit()
    return {
        "fit, no probe": peak(fit),
        "fit, a probe that needs everything": peak(lambda: fit(probe)),
        "train_step": peak(lambda: model.train_step(x, y)),
    }


FIELDS = (
    "inputs",
    "output",
    "cache",
    "output_gradient",
    "input_gradients",
    "param_gradients",
    "state_in",
    "state_out",
)
"""Every field that a call can keep."""


def main(backend: str = "numba") -> None:
    """Print the table."""
    print(f"peak memory of a training step, {ROWS} images, backend {backend}")
    for name, size in measure(backend).items():
        print(f"  {name:<36}{size / MIB:7.2f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
