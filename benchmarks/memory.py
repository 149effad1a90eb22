"""Peak memory of a training step: what keeping every field of every call costs.

`fit` keeps only what its probes need, and frees the rest while the step runs; `train_step` keeps
everything. The step belongs to a LeNet-like net on 64 images of 28 x 28; its second step is
measured, so that compiled kernels and the optimizer's memory are there already.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable

import numpy as np

import nnscratch as nn
from benchmarks import options
from benchmarks.nets import lenet
from benchmarks.report import Body

ROWS = 64
MIB = 2**20


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


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.backend(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it: bytes by what was run."""
    print(f"peak memory of a training step, {ROWS} images, backend {arguments.backend}")
    peaks = measure(arguments.backend)
    for name, size in peaks.items():
        print(f"  {name:<36}{size / MIB:7.2f} MiB")
    return {"backend": arguments.backend, "results": peaks}
