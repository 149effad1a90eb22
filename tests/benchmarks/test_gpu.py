"""The commands for a GPU, without one: an emulated device, and events that a stand-in records."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import bandwidth, conv, gpu_peak, rivals, step
from benchmarks.conv import table
from benchmarks.conv.case import Case
from benchmarks.conv.contest import compared
from benchmarks.conv.kernels import CUPY, CUPY_TF32, KERNELS
from benchmarks.gpu import Gpu
from benchmarks.report import BenchmarkError
from benchmarks.step.course import OURS
from benchmarks.timing import BRIEF, Times
from nnscratch.backend import _gpu_backend
from nnscratch.kernels.cupy.device import on
from tests.benchmarks.test_conv import PLAIN, ROW, made_up
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice

TINY = "layer,n,c,h,w,k,r,s,ph,pw,sh,sw\ntiny,1,3,4,4,5,3,3,1,1,1,1\n"
SIDES = (*rivals.EAGER, *rivals.COMPILED)


class Cuda:
    """What `cupy.cuda` offers; a clock that ticks once for each event."""

    class MemoryHook:
        """Tells of two arrays in turn: what a call needs at once is the larger one."""

        def __enter__(self) -> Any:
            for size in (512, 4096):
                self.malloc_postprocess(mem_size=size)  # type: ignore[attr-defined]
                self.free_postprocess(mem_size=size)  # type: ignore[attr-defined]
            return self

        def __exit__(self, *_: Any) -> None:
            pass

    def __init__(self) -> None:
        self.told: list[str] = []
        self.free = 100
        self.runtime = SimpleNamespace(memGetInfo=lambda: (self.free, 3 << 30))

    def Event(self) -> Any:  # noqa: N802
        event = SimpleNamespace(at=0)

        def record() -> None:
            self.told.append("event")
            event.at = len(self.told)

        event.record = record
        event.synchronize = lambda: self.told.append("wait")
        return event

    def get_elapsed_time(self, start: Any, stop: Any) -> float:
        return float(stop.at - start.at)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedDevice]:
    emulated = EmulatedDevice(orders=["forward"])
    emulated.xp.cuda = Cuda()
    emulated.xp.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)
    monkeypatch.setattr(DeviceArray, "fill", filled(emulated.xp.cuda), raising=False)
    with on(emulated):
        yield emulated
    _gpu_backend.cache_clear()


def filled(cuda: Cuda) -> Any:
    def fill(self: DeviceArray, value: int) -> None:
        cuda.told.append(f"{self.host.nbytes} bytes")
        self.host.fill(value)

    return fill


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU with small caches that is measured briefly."""
    contest = conv.Contest
    monkeypatch.setattr(conv, "Contest", lambda *given: contest(*given, BRIEF))
    monkeypatch.setattr(gpu_peak.GpuPeak.__init__, "__defaults__", (None, 32, 1 << 12, 1))
    monkeypatch.setattr(Gpu.__init__, "__defaults__", (64,))


def test_the_commands_of_the_guide_exist() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "gpu.md").read_text()
    lines = [line for line in guide.splitlines() if line.startswith("$ python -m benchmarks")]
    asked = [command.parser().parse_args(shlex.split(line, comments=True)[4:]) for line in lines]
    assert [words.name for words in asked] == ["bandwidth", "conv", "conv", "step", "step"]
    assert {words.backend for words in asked} == {"cupy"}
    assert {words.json.parent.as_posix() for words in asked} == {"benchmarks/results"}


# -- the place -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conv", "step", "bandwidth"])
def test_where_there_is_no_gpu_the_backend_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with on(None):
        assert command.main([name, "--backend", "cupy"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"benchmarks {name}: backend 'cupy': CuPy is not installed")
    assert command.main([name, "--precision", "tf32"]) == 2
    assert "backend 'numba' has none; choose backend='cupy'" in capsys.readouterr().err


def test_a_call_is_timed_between_events_after_the_caches_were_filled(
    device: EmulatedDevice,
) -> None:
    gpu, told = Gpu("cupy", flushed=128), device.xp.cuda.told
    assert gpu.clock(lambda: told.append("call")) == pytest.approx(2e-3)
    assert told == ["128 bytes", "event", "call", "event", "wait"]


def test_the_gpu_is_named(device: EmulatedDevice) -> None:
    assert (
        Gpu("cupy", 1).facts.items()
        >= {
            "gpu": "none: a CPU stands for it",
            "gpu_memory_gib": 3.0,
            "precision": "float32",
        }.items()
    )
    assert Gpu("cupy:tf32", 1).facts["precision"] == "tf32"


def test_memory_is_what_the_gpu_no_longer_has(device: EmulatedDevice) -> None:
    gpu = Gpu("cupy", 1)
    idle = gpu.idle()
    device.xp.cuda.free -= 30
    assert gpu.most() - idle == 30
    result, workspace = gpu.traced(lambda: np.zeros(96, np.uint8))
    assert (result.nbytes, workspace) == (96, 4096 - 96)


def settings(available: bool) -> Any:
    backends = SimpleNamespace(
        cuda=SimpleNamespace(matmul=SimpleNamespace()), cudnn=SimpleNamespace()
    )
    cuda = SimpleNamespace(is_available=lambda: available)
    return SimpleNamespace(backends=backends, cuda=cuda, __version__="2.13.0+cpu")


@pytest.mark.parametrize(("backend", "tf32"), [("cupy", False), ("cupy:tf32", True)])
@pytest.mark.usefixtures("device")
def test_pytorch_multiplies_as_precisely(backend: str, tf32: bool) -> None:
    torch = settings(available=True)
    Gpu(backend, 1).ready(torch)
    assert torch.backends.cuda.matmul.allow_tf32 is tf32
    assert torch.backends.cudnn.allow_tf32 is tf32
    assert torch.backends.cudnn.benchmark


@pytest.mark.usefixtures("device")
def test_pytorch_without_cuda_is_refused() -> None:
    with pytest.raises(BenchmarkError, match=r"PyTorch 2\.13\.0\+cpu cannot use the GPU; install"):
        Gpu("cupy", 1).ready(settings(available=False))


# -- convolutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "tf32"])
@pytest.mark.usefixtures("device", "small")
def test_convolutions(precision: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes, numbers = tmp_path / "tiny.csv", tmp_path / "tiny.json"
    shapes.write_text(TINY)
    words = ["conv", "--shapes", str(shapes), "--backend", "cupy", "--precision", precision]
    assert command.main([*words, "--json", str(numbers)]) == 0
    document = json.loads(numbers.read_text())
    kernels = {"float32": CUPY, "tf32": CUPY_TF32}[precision]
    skipped = {"product"} & set(kernels.names)
    rows = document["rows"]
    assert {row["algorithm"] for row in rows} == set(kernels.names)
    assert {row["algorithm"] for row in rows if row["status"] == "SKIPPED"} == skipped
    assert not [row for row in rows if row["status"] == "FAILED"]
    timed = [row for row in rows if row["status"] != "SKIPPED"]
    assert all(row["median_ms"] == pytest.approx(1.0) for row in timed)
    assert all("compiled" not in row for row in rows)
    assert document["machine"]["gpu"].startswith("none")
    assert document["machine"].keys() >= {"peak_gflops", "copy_gb_per_s", "precision"}
    told = capsys.readouterr().out
    assert f"precision {precision}, fastest matrix product" in told
    assert "of what product and copy allow, auto reaches" in told


@pytest.mark.usefixtures("device", "small")
def test_an_algorithm_of_another_backend(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["conv", "--backend", "cupy", "--algorithms", "winograd2"]) == 2
    assert "--algorithms winograd2: backend 'cupy' has im2col, product" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["cupy", "cupy:tf32"])
def test_what_a_model_takes_is_named(backend: str) -> None:
    kernels = KERNELS[backend]
    assert Case(PLAIN, "forward", kernels).chosen() == "direct"
    wide = dataclasses.replace(PLAIN, filters=64)
    assert Case(wide, "forward", kernels).chosen() in ("implicit_gemm", "tensor")


def test_the_roof_is_the_lower_ceiling() -> None:
    rows = [
        made_up("a", None, gflops=5.0, flop_per_byte=1.0),
        made_up("b", None, gflops=20.0, flop_per_byte=1000.0),
        made_up("c", None, gflops=99.0, algorithm="direct"),
    ]
    told = table.roof(rows, peak=100.0, bandwidth=10.0)
    assert told.endswith("auto reaches 32% on average, 20% at least")
    assert table.roof(rows[2:], 1.0, 1.0) == "no row of auto was timed"


# -- steps, and what has the memory to wait for ----------------------------------------------------


@pytest.mark.usefixtures("device", "small")
def test_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lenet = step.SUBJECTS["lenet"].with_batch(2)
    for module in ("benchmarks.step", "benchmarks.step.course"):
        monkeypatch.setattr(sys.modules[module], "SUBJECTS", {"lenet": lenet})
    monkeypatch.setattr(step.peak_memory, "measured", lambda *told: 1 << 20)
    monkeypatch.setattr(step, "Effort", lambda **_: dataclasses.replace(BRIEF, turn=1e-9))
    numbers = tmp_path / "step.json"
    words = ["step", "--backend", "cupy", "--networks", "lenet", "--json", str(numbers)]
    assert command.main(words) == 0
    document = json.loads(numbers.read_text())
    assert document["machine"].keys() >= {"gpu", "peak_gflops", "copy_gb_per_s"}
    products = 2 * 833_040e-9  # of two rows
    for row, arrays in zip(document["rows"], (2, 6), strict=True):  # Adam has two moments
        assert row["share"] == pytest.approx(row["least_ms"] / row["median_ms"])
        assert row["gflop"]["forward"] == pytest.approx(products, rel=0.05)
        assert row["gflop"]["gradients"] == pytest.approx(2 * products - 2 * 235_200e-9, rel=0.05)
        assert row["gbytes"]["update"] == pytest.approx(
            4e-9 * 61_706 * (arrays + 1)
        )  # and the moved
    told = capsys.readouterr().out
    assert "ms at the least" in told
    assert "fastest matrix product" in told


@pytest.mark.usefixtures("device", "small")
def test_the_share_of_the_bandwidth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bandwidth, "ON_GPU", (2, 4, 4, 3))
    monkeypatch.setattr(bandwidth, "Effort", lambda **_: BRIEF)
    monkeypatch.setattr(gpu_peak.GpuPeak, "gigabytes", lambda self: 100.0)
    numbers = tmp_path / "bandwidth.json"
    assert command.main(["bandwidth", "--backend", "cupy", "--json", str(numbers)]) == 0
    document = json.loads(numbers.read_text())
    assert document["machine"]["read_gb_s"] == document["machine"]["write_gb_s"] == 100.0
    rows = {row["operation"]: row for row in document["rows"]}
    assert rows["ReLU"]["median_ms"] == pytest.approx(1.0)  # between two ticks of the clock
    assert rows["ReLU"]["gb_s"] == pytest.approx(2 * 4 * 2 * 4 * 4 * 3 * 1e-6)
    assert all(row["share"] == pytest.approx(row["gb_s"] / 100) for row in rows.values())
    told = capsys.readouterr().out.partition("Wrote")[0]
    assert "The GPU's own copy reads and writes 100.0 GB/s together." in told
    assert max(map(len, told.splitlines())) <= 80


# -- PyTorch ---------------------------------------------------------------------------------------


def test_eager_and_compiled_are_compared_with() -> None:
    seconds = (0.005, 0.003, 0.002, 0.001)
    times = {side: Times(*(s,) * 3) for side, s in zip(SIDES, seconds, strict=True)}
    row = compared(made_up("a", None, median_ms=2.0), times)
    assert (row.torch_layout, row.speedup) == ("torch channels_last", pytest.approx(1.5))
    assert row.as_json()["compiled"] == {
        "median_ms": 1.0,
        "layout": "torch channels_last compiled",
        "speedup": 0.5,
    }
    assert conv.summary([row])["geomean_speedup_compiled"] == pytest.approx(0.5)
    assert table.contest([row, row]).count("PyTorch compiled (channels_last): 1 ms") == 1
    assert "compiled" not in ROW.as_json()
    made = step.row("lenet", "SGD", 0.0, {OURS: Times(*(0.004,) * 3), **times}, SIDES[1], {})
    assert "compiled (channels_last): 1 ms, ratio 0.25" in step.line(made)
    assert step.summary([made])["worst_speedup_compiled"] == pytest.approx(0.25)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """PyTorch on the CPU, which stands for the GPU; what it is to compile is left as it was."""
    import torch

    told: list[str] = []

    def compiled(work: Any, mode: str, dynamic: bool) -> Any:
        told.append(f"{mode} {dynamic}")
        return work

    monkeypatch.setattr(torch, "compile", compiled)
    monkeypatch.setattr(torch.compiler, "reset", lambda: told.append("reset"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    init = Gpu.__init__

    def at_home(self: Gpu, *given: Any) -> None:
        init(self, *given)
        self.torch_device = "cpu"

    monkeypatch.setattr(Gpu, "__init__", at_home)
    backends = torch.backends
    before = backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.benchmark
    yield told
    backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.benchmark = before


@pytest.mark.parity
@pytest.mark.usefixtures("device", "small")
def test_convolutions_against_pytorch(tmp_path: Path, compiling: list[str]) -> None:
    shapes, numbers = tmp_path / "tiny.csv", tmp_path / "tiny.json"
    shapes.write_text(TINY)
    words = ["conv", "--shapes", str(shapes), "--backend", "cupy", "--algorithms", "auto"]
    assert command.main([*words, "--against", "torch", "--json", str(numbers)]) == 0
    document = json.loads(numbers.read_text())
    assert [row["compiled"]["layout"] in rivals.COMPILED for row in document["rows"]] == [True] * 3
    assert document["summary"]["geomean_speedup_compiled"] == pytest.approx(1.0)
    assert document["versions"]["torch"].startswith("2.")
    assert compiling == ["reset", *["reduce-overhead False"] * 2] * 3


@pytest.mark.parity
@pytest.mark.usefixtures("device", "small")
def test_steps_against_pytorch(monkeypatch: pytest.MonkeyPatch, compiling: list[str]) -> None:
    lenet = step.SUBJECTS["lenet"].with_batch(2)
    for module in ("benchmarks.step", "benchmarks.step.course"):
        monkeypatch.setattr(sys.modules[module], "SUBJECTS", {"lenet": lenet})
    asked: list[Any] = []
    monkeypatch.setattr(step.peak_memory, "measured", lambda *told: asked.append(told) or 1 << 20)
    effort = dataclasses.replace(BRIEF, turn=1e-9)
    made = step.measure("lenet", "SGD", (OURS, *SIDES), Gpu("cupy"), effort)
    assert made.torch_layout in rivals.EAGER
    assert made.compiled is not None
    assert compiling == ["reset", *["reduce-overhead False"] * 2]
    assert [(told[0], told[-1]) for told in asked] == [(OURS, "cupy"), (made.torch_layout, "cupy")]
