"""What Python costs for each call of a layer: kernels are called again, alone."""

from __future__ import annotations

import numpy as np

from benchmarks import overhead
from benchmarks.timing import BRIEF
from nnscratch import kernels


def test_every_kind_of_layer_is_measured() -> None:
    rows = [overhead.measure(name, BRIEF) for name in overhead.LAYERS]
    assert [row["layer"] for row in rows] == list(overhead.LAYERS)
    assert all(np.isfinite([row["forward_us"], row["step_us"]]).all() for row in rows)


def test_kernels_are_recorded_while_asked_for_only() -> None:
    ops, x = kernels.resolve("numba").ops, np.float32([-1, 2])
    before = ops.relu
    called = overhead.calls_of(lambda: ops.relu(x, 0.0, float("inf"), 0.0))
    assert [function for function, _, _ in called] == [before]
    assert ops.relu is before
