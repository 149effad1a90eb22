"""What is kept of earlier calls: by bytes, and the least recently used goes."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import recent
from nnscratch.kernels.numba.conv import ALGORITHMS
from nnscratch.kernels.numba.conv.direct_plan import forward_plan
from nnscratch.kernels.numba.finish import NOTHING
from nnscratch.kernels.numba.recent import RECENT, Recent
from nnscratch.kernels.ops import Array

KIB = 1 << 10


class Counted:
    """A function whose results are kept, of so many KiB each, and what it was asked to work out."""

    def __init__(self, kept: Recent):
        self.asked: list[int] = []
        self.recalled = kept.remembered(self.work)

    def work(self, kib: int) -> Array:
        self.asked.append(kib)
        return np.zeros(kib * KIB, np.uint8)


def test_the_least_recently_used_goes() -> None:
    kept = Recent(16 * KIB)
    function = Counted(kept)
    for kib in (6, 5, 4, 6, 3, 6, 4):  # 3 has 5 go
        assert function.recalled(kib) is function.recalled(kib)
    assert function.asked == [6, 5, 4, 3]
    assert kept.bytes == (6 + 4 + 3) * KIB
    function.recalled(5)
    assert function.asked == [6, 5, 4, 3, 5]
    assert kept.bytes == (6 + 4 + 5) * KIB  # not 3


def test_functions_share_the_room_but_not_the_results() -> None:
    kept = Recent(16 * KIB)
    one, other = Counted(kept), Counted(kept)
    assert one.recalled(6) is not other.recalled(6)
    one.recalled(5)
    other.recalled(6)
    assert (one.asked, other.asked) == ([6, 5], [6])
    one.recalled(6)
    assert one.asked == [6, 5, 6]


def test_a_result_larger_than_the_room_is_kept_until_the_next() -> None:
    kept = Recent(16 * KIB)
    function = Counted(kept)
    function.recalled(1)
    assert function.recalled(100) is function.recalled(100)
    assert kept.bytes == 100 * KIB
    function.recalled(1)
    assert function.asked == [1, 100, 1]
    assert kept.bytes == KIB


def test_what_fails_is_not_kept() -> None:
    kept = Recent(KIB)
    fail = kept.remembered(lambda n: 1 // n)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail(0)
    assert not kept.kept


def test_all_threads_get_the_same_object() -> None:
    kept, start = Recent(KIB), threading.Barrier(8)

    def work(n: int) -> Array:
        start.wait(timeout=60)  # so that all eight work it out
        return np.zeros(n)

    recalled = kept.remembered(work)
    with ThreadPoolExecutor(8) as callers:
        results = list(callers.map(recalled, [7] * 8))
    assert all(result is results[0] for result in results)
    assert kept.bytes == 7 * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_does_not_wait_for_a_thread_that_it_has_not() -> None:
    with RECENT.lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if RECENT.lock.acquire(timeout=10) else 1)
    assert os.waitpid(child, 0)[1] == 0


@dataclass(frozen=True, eq=False)
class Holder:
    pair: tuple[Array, tuple[Array, ...]]
    number: int = 0


def test_sizes_are_those_of_what_is_inside() -> None:
    few, many = (recent.size(Holder((np.zeros(n), (np.zeros(2 * n),)))) for n in (100, 1100))
    assert many - few == 3 * 1000 * 8
    assert recent.size(tuple(range(1000, 2000))) >= 8 * 1000


def test_tables_of_large_images_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    window, naive = Window((3, 3), pads=((1, 1), (1, 1))), resolve("naive").ops
    plan = forward_plan((64, 64), window, 2, 3, 1)
    assert recent.size(plan) > 16 * 64 * 64
    monkeypatch.setattr(RECENT, "most", 2 * recent.size(plan))
    kernel, way = np.random.default_rng(0).standard_normal((3, 3, 2, 3)), ALGORITHMS["direct"]
    for width in (*range(56, 65), 56):
        x = np.random.default_rng(width).standard_normal((1, 64, width, 2))
        y = way.conv2d(x, kernel, window, 1, NOTHING[8])
        way.input_gradient(y, kernel, window, 1, (64, width))
        way.kernel_gradient(x, y, window, 1)
        assert RECENT.bytes <= RECENT.most
        assert RECENT.bytes == sum(kept.bytes for kept in RECENT.kept.values())
    np.testing.assert_allclose(y, naive.conv2d(x, kernel, window, 1), rtol=0, atol=1e-12)
