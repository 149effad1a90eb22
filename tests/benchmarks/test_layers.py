"""The layers that are measured, and files of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import nnscratch as nn
from benchmarks.conv.case import Case
from benchmarks.conv.layers import OWN, Layer, read, select
from benchmarks.report import BenchmarkError
from benchmarks.step.subjects import SUBJECTS
from nnscratch.kernels import cost
from nnscratch.kernels.geometry import Window

HEAD = "layer,n,c,h,w,k,r,s,ph,pw,sh,sw\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "layers.csv"
    path.write_text(text)
    return path


def test_our_own_file_has_the_published_layers() -> None:
    layers = {layer.name: layer for layer in select("all")}
    assert len(layers) == 199
    assert layers["resnet18/conv1"] == Layer(
        "resnet18/conv1",
        1,
        (224, 224),
        3,
        64,
        Window((7, 7), (2, 2), (1, 1), ((3, 3), (3, 3))),
        default=True,
    )
    assert layers["deepbench_train/train_36"].images == 4  # of 16: what fits
    default = select("default")
    assert {layer.name.partition("/")[0] for layer in default} >= {"vgg16", "siamese", "lenet"}
    assert len(default) == 22 + 27
    assert set(default) < set(layers.values())


def convolutions(model: nn.Model) -> set[tuple[object, ...]]:
    """Of a network: image, channels, filters, window."""
    found = set()
    for node in model.graph.nodes:
        layer = node.layer
        if isinstance(layer, nn.Conv2D):
            (height, width, channels) = node.inputs[0].shape
            window = Window.fit(
                layer.kernel_size,
                layer.strides,
                layer.dilation_rate,
                layer.padding,
                (height, width),
            )
            found.add(((height, width), channels, layer.filters, window))
    return found


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_networks_convolutions_are_measured_by_default(name: str) -> None:
    subject = SUBJECTS[name]
    measured = {
        (layer.image, layer.channels, layer.filters, layer.window)
        for layer in select("default")
        if layer.images == subject.batch
    }
    assert convolutions(subject.build("numpy")) <= measured


def test_a_file_of_the_users(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + "first,2,3,8,9,4,3,2,1,0,2,1\nsecond,1,1,4,4,1,4,4,0,0,1,1\n")
    first, second = select(str(path))
    assert first.shapes == ((2, 8, 9, 3), (3, 2, 3, 4), (2, 4, 8, 4))
    assert str(first) == "2x8x9x3 * 3x2x3x4 /2x1"
    assert str(second) == "1x4x4x1 * 4x4x1x1"
    assert not first.plain_3x3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer,n,c,h,w,k,r,s,ph,pw,sh\n", "no column sw"),
        ("", "no column layer, n, c"),
        (HEAD, "there are no rows"),
        (HEAD + "a,1,1,8,8,1,3,3,0,0,1,1\na,1,1,8,8,1,3,3,0,0,1,1\n", "two rows are called 'a'"),
        (HEAD + "a,1,1,8,8,1,3,3,0,0,0,1\n", "row 1: sh should be a whole number from 1 on"),
        (HEAD + "a,1,1,8,8,1,3,3,0,0,1,1\nb,x,1,8,8,1,3,3,0,0,1,1\n", "row 2: n should .* 'x'"),
        (HEAD + "a,1,1,8,8,1,3\n", "row 1: s should be a whole number from 1 on, but is ''"),
        (HEAD + "a,1,1,8,8,1,9,9,0,0,1,1\n", r"row 1: a kernel of \(9, 9\) does not fit"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        read(file(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"nowhere\.csv: .*give default, all, or a CSV file"):
        select(str(tmp_path / "nowhere.csv"))


@pytest.mark.parametrize("direction", ["forward", "input_gradient", "kernel_gradient"])
def test_operations_and_bytes(direction: str) -> None:
    window = Window((3, 2), (2, 1), (1, 1), ((1, 1), (0, 0)))
    case = Case(Layer("a", 2, (8, 9), 3, 4, window), direction)
    assert case.flop == cost.flop(case.direction.operation, case.arguments)
    assert case.bytes == cost.traffic(case.arguments, case.work("im2col")())


def test_the_file_names_sources() -> None:
    lines = OWN.read_text().splitlines()
    assert lines[0].split(",")[-1] == "source"
    assert all(line.rpartition(",")[2] for line in lines)
