"""Memory-mapped arrays: rows are read when their batch is due."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import DataError
from nnscratch.training import arrays
from nnscratch.training.arrays import Mapped, blocks, check_finite
from tests.backends import BACKEND

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 4, 4, 1), np.uint8)
LABELS = RNG.integers(0, 3, 24)


@pytest.fixture(params=["uint8", "float32", "float64"])
def on_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    np.save(tmp_path / "images.npy", IMAGES.astype(request.param))
    return np.load(tmp_path / "images.npy", mmap_mode="r")


def model() -> nn.Sequential:
    layers = [nn.Input((4, 4, 1)), nn.Flatten(), nn.Dense(3, activation="softmax")]
    net = nn.Sequential(layers, seed=0, backend=BACKEND, store=nn.Store())
    net.compile(nn.SGD(1e-4), "sparse_categorical_crossentropy", ["accuracy"])
    return net


def test_they_train_as_arrays_in_memory_do(on_disk: Any) -> None:
    for arguments in ({}, {"shuffle": False}, {"validation_split": 0.25}):
        mapped, plain = model(), model()
        found = mapped.fit(on_disk, LABELS, 5, 2, verbose=0, **arguments)
        expected = plain.fit(np.array(on_disk), LABELS, 5, 2, verbose=0, **arguments)
        assert found.history == expected.history
        np.testing.assert_array_equal(mapped.get_weights()[0], plain.get_weights()[0])


def test_they_are_evaluated_and_predicted(on_disk: Any) -> None:
    net = model()
    assert net.evaluate(on_disk, LABELS, verbose=0) == net.evaluate(IMAGES, LABELS, verbose=0)
    np.testing.assert_array_equal(
        net.predict(on_disk, 5, verbose=0), net.predict(IMAGES, 5, verbose=0)
    )


def test_the_step_has_the_models_dtype(on_disk: Any) -> None:
    step = model().train_step(on_disk[:4], LABELS[:4])
    batches: list[Any] = []
    listener = nn.LambdaCallback(on_step=lambda s: batches.append(s.batch.inputs[0]))
    model().fit(on_disk, LABELS, 8, verbose=0, callbacks=listener)
    for batch in (step.batch.inputs[0], *batches):
        assert batch.dtype == np.float32


def test_a_run_records_and_replays_them(on_disk: Any, tmp_path: Path) -> None:
    run, net = nn.Run(tmp_path / "run", every=3), model()
    net.fit(on_disk, LABELS, 5, 2, verbose=0, callbacks=run)
    assert [run.step(index).loss for index in run.steps] == run.loss
    opened = nn.Run.open(tmp_path / "run", data=(IMAGES, LABELS))  # the same numbers, in memory
    assert opened.step(4).loss == run.loss[4]
    other = nn.Run.open(tmp_path / "run", data=(on_disk, LABELS))
    assert other.step(4).loss == run.loss[4]


def test_they_take_the_memory_of_a_batch(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 2**16)
    large = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (4000, 32, 32, 1))
    large[::100] = 1
    net = nn.Sequential(
        [nn.Input((32, 32, 1)), nn.GlobalAveragePooling2D(), nn.Dense(1)], seed=0, backend=BACKEND
    )
    net.compile(nn.SGD(0.1), "mse")
    y = np.zeros((4000, 1), np.float32)
    tracemalloc.start()
    try:
        net.fit(large, y, 50, verbose=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < large.size  # as float32 the whole is four times that


def test_what_is_not_finite_is_found_wherever_it_is(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 64)
    x = np.zeros((24, 4, 4, 1))
    x[17, 2, 1, 0], x[20] = np.nan, np.inf
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    message = r"nan at row 17, position \(2, 1, 0\); 17 of 384 values are NaN"
    for given in (x, mapped):
        with pytest.raises(DataError, match=message):
            model().fit(given, LABELS, verbose=0)


def test_what_is_too_large_is_found_before_training(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 64)
    x = np.zeros((24, 4, 4, 1))
    x[19, 0, 0, 0] = 1e300
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(DataError, match=r"at row 19, position \(0, 0, 0\) is too large"):
        model().fit(np.load(tmp_path / "x.npy", mmap_mode="r"), LABELS, verbose=0)


def test_a_mapped_array_is_an_array() -> None:
    whole = np.arange(12, dtype=np.uint8).reshape(4, 3)
    mapped = Mapped(whole, "float32")
    assert (len(mapped), mapped.shape, mapped.ndim, mapped.size) == (4, (4, 3), 2, 12)
    assert (mapped.min(), mapped.max()) == (0, 11)
    assert np.asarray(mapped).dtype == mapped[1:3].dtype == mapped.dtype == np.float32
    np.testing.assert_array_equal(mapped[[2, 0]], whole[[2, 0]])


@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (7, 3)])
def test_blocks_are_the_array(shape: tuple[int, ...], monkeypatch: Any) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 50)
    array = RNG.standard_normal(shape)
    parts = list(blocks(array))
    assert parts[0][0] == 0
    joined = np.concatenate([block for _, block in parts]) if shape else parts[0][1]
    np.testing.assert_array_equal(joined, array)
    for (start, _), (before, block) in zip(parts[1:], parts[:-1], strict=True):
        assert start == before + len(block)
    check_finite("x", array)
