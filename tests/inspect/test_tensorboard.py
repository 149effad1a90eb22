"""What TensorBoard's own reader finds in what `nn.TensorBoard` writes."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import UnknownNameError
from nnscratch.inspect.event_file import TensorBoardError
from nnscratch.inspect.tensorboard import mosaic
from tests.backends import BACKEND, host
from tests.nets import conv_net
from tests.runs.trainings import Steps, fit


def read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def series(found: Any, tag: str) -> dict[int, Any]:
    """What stands under a tag, by step."""
    from tensorboard.util.tensor_util import make_ndarray

    return {event.step: make_ndarray(event.tensor_proto) for event in found.Tensors(tag)}


def tags(found: Any) -> list[str]:
    return sorted(found.Tags()["tensors"])


def test_the_logs_of_every_epoch(tmp_path: Path) -> None:
    history = fit(conv_net(), nn.TensorBoard(tmp_path))
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert tags(train) == ["epoch_accuracy", "epoch_learning_rate", "epoch_loss"]
    assert tags(validation) == ["epoch_accuracy", "epoch_loss"]
    for found, prefix in ((train, ""), (validation, "val_")):
        losses = series(found, "epoch_loss")
        assert list(losses) == [0, 1, 2]
        np.testing.assert_allclose(list(losses.values()), history.history[f"{prefix}loss"], 1e-6)
    np.testing.assert_allclose(list(series(train, "epoch_learning_rate").values()), 0.001)


def test_the_logs_of_batches(tmp_path: Path) -> None:
    steps = Steps()
    fit(conv_net(), steps, nn.TensorBoard(tmp_path / "all", update_freq="batch"))
    found = series(read(tmp_path / "all" / "train"), "batch_loss")
    assert list(found) == list(range(9))
    np.testing.assert_allclose(
        list(found.values()), [step.loss for step in steps.steps.values()], 1e-6
    )
    fit(conv_net(), nn.TensorBoard(tmp_path / "some", update_freq=4))
    assert list(series(read(tmp_path / "some" / "train"), "batch_loss")) == [0, 4, 8]


def test_histograms_of_activations_weights_gradients_and_updates(tmp_path: Path) -> None:
    steps = Steps()
    fit(conv_net(), steps, nn.TensorBoard(tmp_path, histogram_freq=2))
    found = read(tmp_path / "train")
    for tag, array in {
        "conv2d/output": lambda step: step["conv2d"].output,
        "conv2d/elu/output_gradient": lambda step: step["conv2d/elu"].output_gradient,
        "dense/kernel/value": lambda step: step.before["dense/kernel"],
        "dense/kernel/gradient": lambda step: step.gradient("dense/kernel"),
        "dense/kernel/update": lambda step: step.update("dense/kernel"),
    }.items():
        histograms, norms = series(found, tag), series(found, f"{tag}/norm")
        assert list(histograms) == list(norms) == [0, 6]  # the first steps of epochs 0 and 2
        for index, parts in histograms.items():
            values = np.asarray(host(array(steps.steps[index])), np.float64)
            left, right, counts = parts.T
            assert counts.sum() == values.size
            assert left[0] == pytest.approx(values.min())
            assert right[-1] == pytest.approx(values.max())
            np.testing.assert_array_equal(left[1:], right[:-1])
            inside = [np.sum((values >= low) & (values < high)) for low, high, _ in parts[:-1]]
            assert np.abs(inside - counts[:-1]).sum() <= 4  # rounding at the parts' bounds
            assert norms[index] == pytest.approx(np.linalg.norm(values), rel=1e-5)
    ratios, step = series(found, "dense/kernel/ratio"), steps.steps[6]
    change, value = host(step.update("dense/kernel")), host(step.before["dense/kernel"])
    assert ratios[6] == pytest.approx(np.linalg.norm(change) / np.linalg.norm(value), rel=1e-5)


def test_a_selection(tmp_path: Path) -> None:
    fit(conv_net(), nn.TensorBoard(tmp_path, histogram_freq=1, select="dense/kernel"))
    names = {tag for tag in tags(read(tmp_path / "train")) if not tag.startswith("epoch_")}
    assert {name.rpartition("/kernel")[0] for name in names} == {"dense"}
    with pytest.raises(UnknownNameError, match="call or weight to record"):
        fit(conv_net(), nn.TensorBoard(tmp_path / "b", histogram_freq=1, select="dens"))


def test_kernels_as_images(tmp_path: Path) -> None:
    from PIL import Image

    fit(conv_net(), nn.TensorBoard(tmp_path, histogram_freq=3, write_images=True))
    width, height, png = series(read(tmp_path / "train"), "conv2d/kernel")[0]
    pixels = np.array(Image.open(io.BytesIO(png)))
    assert (int(height), int(width)) == pixels.shape == (3 * 8 + 1, 4 * (3 * 8 + 1))


def test_a_mosaic_is_grey_at_0() -> None:
    images = np.array([[[[0.0, 2]], [[-1, np.nan]]]])  # (1 row, 2 columns, 1, 2)
    pixels = mosaic(images)
    assert pixels.shape == (9, 2 * 17)
    assert pixels[0, [0, 8, 16, 17, 25, 33]].tolist() == [127, 255, 255, 63, 255, 255]
    assert (pixels[8] == 255).all()


def test_the_network(tmp_path: Path) -> None:
    shared, a = nn.Dense(2, activation="tanh", name="shared"), nn.Input((2,), name="a")
    model = nn.Model(a, nn.Add()([shared(a), shared(shared(a))]), backend=BACKEND)
    model.compile("sgd", "mse")
    x = np.ones((3, 2), np.float32)
    model.fit(x, x, verbose=0, callbacks=nn.TensorBoard(tmp_path))
    nodes = {node.name: node for node in read(tmp_path / "train").Graph().node}
    assert {name: node.op for name, node in nodes.items()} == {
        "a": "Input",
        "shared.0": "Dense",
        "shared/tanh.0": "Tanh",
        "shared.1": "Dense",
        "shared/tanh.1": "Tanh",
        "shared.2": "Dense",
        "shared/tanh.2": "Tanh",
        "add.0": "Add",
    }
    assert list(nodes["add.0"].input) == ["shared/tanh.0", "shared/tanh.2"]
    (shape,) = nodes["shared.0"].attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [-1, 2]
    fit(conv_net(), nn.TensorBoard(tmp_path / "none", write_graph=False))
    assert not read(tmp_path / "none" / "train").Tags()["graph"]


def test_it_trains_as_without(tmp_path: Path) -> None:
    alone, watched = conv_net(), conv_net()
    fit(alone)
    fit(watched, nn.TensorBoard(tmp_path, histogram_freq=1, write_images=True))
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_not_finite_has_no_histogram(tmp_path: Path) -> None:
    net = conv_net()
    net.params["dense/kernel"]
    net.set_weights([np.full_like(value, np.nan) for value in net.get_weights()])
    fit(net, nn.TensorBoard(tmp_path, histogram_freq=1), epochs=1)
    found = read(tmp_path / "train")
    assert np.isnan(series(found, "dense/kernel/value/norm")[0])
    assert "dense/kernel/value" not in tags(found)


@pytest.mark.process("another process imports TensorFlow")
def test_tensorflow_is_not_needed(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["tensorflow"] = None  # importing it fails
from tests.nets import conv_net
from tests.runs.trainings import fit
import nnscratch as nn
fit(conv_net(), nn.TensorBoard({str(tmp_path)!r}, histogram_freq=1, write_images=True), epochs=1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "dense/kernel/update" in tags(read(tmp_path / "train"))


def test_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TensorBoardError, match=r"pip install 'nnscratch\[tensorboard\]'"):
        nn.TensorBoard()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"histogram_freq": -1}, "histogram_freq: expected a whole number >= 0"),
        ({"write_graph": 1}, "write_graph: expected True or False"),
        ({"write_images": True}, "give histogram_freq=1 too"),
        ({"update_freq": "step"}, "update_freq .*: expected a whole number"),
        ({"update_freq": 0}, "update_freq .*: expected a whole number >= 1"),
        ({"select": 3}, "select"),
        ({"log_dir": 3}, "log_dir: expected the name of a folder"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        nn.TensorBoard(**arguments)
