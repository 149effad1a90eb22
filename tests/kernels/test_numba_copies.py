from __future__ import annotations

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import launch, parallel
from nnscratch.kernels.ops import Array


@pytest.mark.parametrize("before", [(), (1,), (3,)])
@pytest.mark.parametrize("lengths", [(200_000, 1, 0, 33_333), (0, 250_000)])
def test_large_arrays_side_by_side(before: tuple[int, ...], lengths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((*before, length)).astype(np.float32) for length in lengths]
    y = resolve("numba").ops.concatenate(-1, *xs)
    np.testing.assert_array_equal(y, np.concatenate(xs, axis=-1))


def test_threads_share_a_long_array(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[int] = []
    blocks = launch.blocks

    def spy(kernel: launch.Compiled, edges: Array, *rest: object, **options: object) -> None:
        shared.append(len(edges) - 1)
        blocks(kernel, edges, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(launch, "blocks", spy)
    x = np.ones(8 * parallel.GRAIN, np.float32)
    resolve("numba").ops.concatenate(0, x, x[:10])
    assert shared[0] == 8
