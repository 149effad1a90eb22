"""Arrays that are large enough to be shared between threads: same bits, and the right ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnscratch.kernels import cases, resolve
from nnscratch.kernels.cases import OpCase
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel, team
from nnscratch.kernels.numba.conv import ALGORITHMS
from nnscratch.kernels.numba.finish import finish
from nnscratch.kernels.ops import Array, Curve
from tests.kernels.test_conv_algorithms import results


def large_cases() -> Iterator[OpCase]:
    yield from cases.convolution((4, 32, 32, 16), (3, 3), 32, padding="same")
    yield from cases.convolution((1, 48, 48, 64), (3, 3), 32)
    yield from cases.convolution((16, 96, 96, 8), (5, 5), 2)  # blocks of several pieces
    yield from cases.convolution((64, 64, 33, 16), (3, 2), 32, (2, 1), "same", (1, 2), groups=4)
    yield from cases.convolution((8, 64, 64, 16), (1, 1), 64)
    yield from cases.convolution((16, 64, 64, 3), (5, 5), 16, padding="same")  # planes
    yield from cases.pooling((32, 48, 48, 16), (3, 3), (2, 2), "same", cases.ties)
    yield from cases.batch_normalisation((160_000, 8, 1))
    yield from cases.batch_normalisation((8, 5, 20_000))
    yield from cases.dense(3072, 128, 256)
    yield from cases.dense(40, 200, 20_000)  # columns apart
    yield from cases.activations((3, 200_000))
    yield from cases.prelu((128, 16, 16, 16), (1, 1, 16))
    yield from cases.prelu((128, 16, 16, 16), (16, 1, 16))
    yield OpCase("random_bits", "600001", ((20, 2**32 - 1), 600_001))
    yield from cases.dropout((3, 200_001), 0.25)
    yield from cases.regression((600, 1000), cases.uniform)
    yield from cases.classification(6000, 100, cases.distributions)
    yield from cases.optimizers(600_001)
    whole_and_part = (0, 600_001), (5, 400_000)
    yield from cases.statistics((600_001,), cases.far_from_0, *whole_and_part)
    yield from cases.statistics((600_001,), cases.ties, *whole_and_part)


LARGE_CASES = tuple(large_cases())

every_case = pytest.mark.parametrize("case", LARGE_CASES, ids=str)


@pytest.fixture(autouse=True)
def same_threads_afterwards() -> Iterator[None]:
    before = parallel.threads()
    yield
    parallel.set_threads(before)


def call(case: OpCase, backend: str = "numba") -> tuple[Array, ...]:
    results = getattr(resolve(backend), case.op)(*case.arguments("float32"))
    return results if isinstance(results, tuple) else (results,)


def bits(case: OpCase) -> list[bytes]:
    return [array.tobytes() for array in call(case)]


@every_case
def test_bits_do_not_depend_on_the_number_of_threads(case: OpCase) -> None:
    parallel.set_threads(1)
    alone = bits(case)
    jobs = team.jobs()
    for threads in (2, 3):
        parallel.set_threads(threads)
        assert bits(case) == alone
    assert team.jobs() >= jobs + 2, "the work was not shared: the case is too small"


@every_case
def test_blocks_fit_together(case: OpCase) -> None:
    for got, right in zip(call(case), call(case, "numpy"), strict=True):
        floor = case.tolerance.float32 * np.abs(right[np.isfinite(right)]).max(initial=0)
        np.testing.assert_allclose(got, right, rtol=case.tolerance.float32, atol=floor)


SAME = Window((3, 3), pads=((1, 1), (1, 1)))
CONVOLUTIONS = {
    "winograd2 by filters": ((1, 11, 9, 200), SAME, 150, 1),
    "winograd4 by filters": ((2, 11, 9, 200), SAME, 150, 1),
    **dict.fromkeys(["im2col", "direct", "winograd2", "winograd4"], ((8, 29, 31, 48), SAME, 72, 1)),
    "depthwise": ((8, 61, 63, 48), SAME, 48, 48),
    "product": ((96, 30, 31, 4), Window((30, 31)), 80, 1),
    "planes": ((8, 61, 63, 3), SAME, 16, 1),
    "wide": ((8, 61, 64, 5), SAME, 2, 1),
}


def convolved(algorithm: str) -> list[bytes]:
    images, window, filters, groups = CONVOLUTIONS[algorithm]
    n_images, height, width, channels = images
    rng = np.random.default_rng(0)
    x = rng.standard_normal(images, np.float32)
    kernel = rng.standard_normal((*window.size, channels // groups, filters), np.float32)
    dy = rng.standard_normal((n_images, *window.output_size((height, width)), filters), np.float32)
    finishing = finish(rng.standard_normal(filters, np.float32), Curve("tanh"), filters, x.dtype)
    made = results(algorithm.split()[0], (x, kernel, dy), window, groups, finishing)
    return [array.tobytes() for array in made.values()]


@pytest.mark.parametrize("algorithm", CONVOLUTIONS)
def test_bits_of_every_convolution(algorithm: str) -> None:
    parallel.set_threads(1)
    alone = convolved(algorithm)
    for threads in (2, 3):
        parallel.set_threads(threads)
        assert convolved(algorithm) == alone
    with ThreadPoolExecutor(8) as callers:
        assert all(bits == alone for bits in callers.map(convolved, [algorithm] * 8))


def test_no_algorithm_for_convolution_is_left_out() -> None:
    assert {name.split()[0] for name in CONVOLUTIONS} == ALGORITHMS.keys()


def test_eight_callers_get_the_bits_of_one() -> None:
    parallel.set_threads(2)
    families = ("conv2d", "conv2d_kernel_gradient", "matmul", "bias_gradient", "dropout")
    some = [case for case in LARGE_CASES if case.op in families]
    alone = [bits(case) for case in some]
    start = threading.Barrier(8)
    together: list[list[list[bytes]]] = [[] for _ in range(8)]

    def work(number: int) -> None:
        start.wait(timeout=60)
        together[number] += [bits(case) for case in some]

    callers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=300)
    assert together == [alone] * 8
