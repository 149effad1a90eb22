"""Every algorithm for convolution on the GPU, and every tile, at every shape that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES, DType, OpCase
from nnscratch.kernels.cupy import histogram, sources
from nnscratch.kernels.cupy.conv import ALGORITHMS, implicit_gemm
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.cupy.finish import Finish
from nnscratch.kernels.cupy.tiles import LARGE, MIDDLE, NARROW, TILES, Tile, tile_for
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Curve
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice
from tests.cuda.host import there
from tests.kernels.test_cases import assert_right

CONVOLUTIONS = [case for case in CASES if case.op.startswith("conv2d") and len(case.recipe) < 7]
FINISHES = {"relu": (0.1, 1.0, 0.25), "elu": (0.7,), "sigmoid": (), "tanh": ()}
FUNCTIONS = {
    "conv2d": "conv2d",
    "conv2d_input_gradient": "input_gradient",
    "conv2d_kernel_gradient": "kernel_gradient",
}


def check(algorithm: str, case: OpCase, dtype: DType = "float32") -> EmulatedDevice:
    """Compare an algorithm with the loops."""
    device, arguments = EmulatedDevice(orders=["backward"]), case.arguments(dtype)
    held = [DeviceArray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    with on(device):
        result = getattr(ALGORITHMS[algorithm], FUNCTIONS[case.op])(*held)
    assert_right((result.host,), case, dtype)
    return device


@pytest.mark.parametrize("algorithm", ["im2col", "direct", "implicit_gemm"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_every_algorithm_takes_every_shape(case: OpCase, algorithm: str) -> None:
    check(algorithm, case)


@pytest.mark.parametrize("algorithm", ["direct", "implicit_gemm"])
def test_cells_have_nothing_to_do_with_weights_that_never_meet_them(algorithm: str) -> None:
    """A stride steps over them: 0 times infinity would be NaN."""
    window, device = Window((3, 2), strides=(2, 2)), EmulatedDevice(orders=["forward"])
    dy, kernel = np.ones((2, 3, 4, 6), np.float32), np.ones((3, 2, 5, 6), np.float32)
    kernel[0, 1] = np.inf
    with on(device):
        held = device.put(dy), device.put(kernel)
        dx = ALGORITHMS[algorithm].input_gradient(*held, window, 1, (7, 8)).host
    met = np.zeros((7, 8), bool)
    met[::2, 1::2] = True
    assert np.isfinite(dx[:, ~met]).all()
    assert np.isinf(dx[:, :6][:, met[:6]]).all()


TILED = [(dtype, tile) for dtype, tiles in TILES.items() for tile in tiles]


@pytest.mark.parametrize(("dtype", "tile"), TILED, ids=str)
@pytest.mark.parametrize("case", [*CONVOLUTIONS[:-3:11], *CONVOLUTIONS[-3:]], ids=str)
def test_every_tile_takes_every_shape(
    case: OpCase, dtype: DType, tile: Tile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implicit_gemm, "tile_for", lambda *_: tile)
    check("implicit_gemm", case, dtype)


@pytest.mark.parametrize(
    "case", [case for case in CONVOLUTIONS if "kernel_gradient" in case.op][::5], ids=str
)
def test_a_long_sum_is_cut_into_slabs(case: OpCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(implicit_gemm, "LEAST", 2)
    device = check("implicit_gemm", case)
    assert device.launches["conv/implicit_gemm:add_slabs"] == (
        case.arguments("float32")[1].size > 6
    )


def test_tiles_are_large_where_there_are_enough_of_them() -> None:
    assert tile_for(100_000, 256, 1, "float32") == LARGE
    assert tile_for(100_000, 256, 1, "float64") == MIDDLE
    assert tile_for(500, 256, 1, "float32") == MIDDLE
    assert tile_for(100_000, 32, 1, "float32") == NARROW


def test_the_choice_is_by_shape() -> None:
    def name(size: tuple[int, int], channels: int, groups: int, **window: Any) -> str:
        x, kernel = np.empty((2, 8, 8, channels)), np.empty((*size, channels // groups, channels))
        return resolve("cupy").choosers["conv2d"](x, kernel, Window(size, **window), groups)

    assert name((1, 1), 16, 1) == "product"
    assert name((8, 8), 16, 1) == "product"
    assert name((1, 1), 16, 1, strides=(2, 2)) == "implicit_gemm"
    assert name((3, 3), 16, 1) == "implicit_gemm"
    assert name((3, 3), 16, 16) == "direct"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("curve", [None, *(Curve(op, FINISHES[op]) for op in FINISHES)], ids=str)
def test_what_is_finished_at_once_has_the_bits_of_passes(
    algorithm: str, curve: Curve | None
) -> None:
    rng, window = np.random.default_rng(0), Window((1, 1))
    device, ops = EmulatedDevice(orders=["forward"]), resolve("cupy").ops
    shapes = [(2, 4, 5, 3), (1, 1, 3, 6), (6,)]
    x, kernel, bias = (device.put(rng.standard_normal(s).astype(np.float32)) for s in shapes)
    with on(device):
        y = ALGORITHMS[algorithm].conv2d(x, kernel, window, 1)
        at_once = ALGORITHMS[algorithm].conv2d(x, kernel, window, 1, Finish(bias, curve))
        y = y + bias
        y = y if curve is None else getattr(ops, curve.op)(y, *curve.arguments)
    np.testing.assert_array_equal(at_once.host, y.host)


def test_every_kernel_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the cases of all operations, of all algorithms, and in parts."""
    device = EmulatedDevice(orders=["forward"])
    monkeypatch.setattr(implicit_gemm, "LEAST", 2)
    with on(device):
        for bins in (histogram.SHARED, histogram.SHARED + 1):
            resolve("cupy").ops.histogram(device.put(np.zeros(3, np.float32)), 0.0, 1.0, bins)
        for case in CASES:
            arguments = list(map(there, case.arguments("float32")))
            getattr(resolve("cupy"), case.op)(*arguments)
            if case in CONVOLUTIONS[:3]:
                for algorithm in ("im2col", "direct", "implicit_gemm"):
                    getattr(ALGORITHMS[algorithm], FUNCTIONS[case.op])(*arguments)
    names = sources.names()
    assert set(device.launches) == {
        f"{source}:{kernel}" for source in names for kernel in sources.kernels(sources.text(source))
    }
