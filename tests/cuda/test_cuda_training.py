"""Whole trainings with backend="cupy", on the CPU: the numbers of NumPy, and nothing moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import BackendError
from nnscratch.core.errors import DataError
from tests.cuda.device_array import DeviceArray, transfers
from tests.cuda.emulator import EmulatedDevice
from tests.cuda.nets import X, Y, lenet

pytestmark = pytest.mark.usefixtures("device")

BATCHES = [slice(start, start + 24) for start in (0, 24, 48)]


def host(values: Any) -> dict[str, Any]:
    return {
        path: value.get() if isinstance(value, DeviceArray) else value
        for path, value in values.items()
    }


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-10)])
def test_a_training_gives_numpys_numbers(dtype: str, tolerance: float) -> None:
    mine, other = lenet("cupy", dtype=dtype), lenet("numpy", dtype=dtype)
    for rows in BATCHES:
        step, expected = mine.train_step(X[rows], Y[rows]), other.train_step(X[rows], Y[rows])
        assert step.loss == pytest.approx(expected.loss, rel=tolerance)
        assert step.penalty == pytest.approx(expected.penalty, rel=tolerance)
        assert step.metrics == pytest.approx(expected.metrics)
        gradients = host(step.data_gradients)
        for path, gradient in expected.data_gradients.items():
            scale = max(np.abs(gradient).max(), 1e-3)
            np.testing.assert_allclose(gradients[path], gradient, rtol=0, atol=tolerance * scale)
    for path, value in host(mine.params).items():
        np.testing.assert_allclose(value, other.params[path], rtol=0, atol=100 * tolerance)


def test_a_step_takes_the_batch_and_gives_nothing_back() -> None:
    model = lenet("cupy")
    model.train_step(X[:24], Y[:24])
    transfers.clear()
    step = model.train_step(X[24:48], Y[24:48])
    assert dict(transfers) == {"in": 2}
    assert step.loss > step.penalty > 0
    assert transfers["out"] == 2  # each when it was read
    assert step.loss > step.penalty > 0
    assert transfers["out"] == 2


def test_a_batch_that_is_on_the_device_does_not_move() -> None:
    model = lenet("cupy")
    step = model.train_step(X[:24], Y[:24])
    transfers.clear()
    again = model.repeat(step)
    assert dict(transfers) == {}
    assert again.loss == step.loss


def test_the_kernels_of_the_backend_do_the_work(device: EmulatedDevice) -> None:
    lenet("cupy").train_step(X[:24], Y[:24])
    for kernel in ("conv2d", "input_gradient", "kernel_gradient"):
        assert device.launches[f"conv/implicit_gemm:{kernel}"] > 0
    families = {name.partition(":")[0] for name in device.launches}
    expected = {"activation", "pool", "norm", "linear", "random", "loss", "optimizer", "copies"}
    assert families >= expected


def test_fit_reads_the_losses_when_an_epoch_is_over() -> None:
    model, read = lenet("cupy"), []
    count = nn.LambdaCallback(
        on_train_batch_begin=lambda batch, logs=None: read.append(transfers["out"])
    )
    transfers.clear()
    model.fit(X[:96], Y[:96], batch_size=24, epochs=1, verbose=0, callbacks=[count])
    assert read == [0, 0, 0, 0]
    assert transfers["out"] == 4 * 2 + 2  # loss and penalty of each batch, the metric's two sums


def test_fit_evaluate_and_predict() -> None:
    mine, other = lenet("cupy"), lenet("numpy")
    for model in (mine, other):
        model.fit(X[:48], Y[:48], batch_size=24, epochs=1, verbose=0)
    results = [model.evaluate(X[:40], Y[:40], verbose=0) for model in (mine, other)]
    assert results[0] == pytest.approx(results[1], rel=1e-4)
    answers = mine.predict(X[:40], verbose=0)
    assert isinstance(answers, np.ndarray)
    np.testing.assert_allclose(answers, other.predict(X[:40], verbose=0), rtol=0, atol=1e-3)


def test_a_step_can_be_looked_into() -> None:
    step = lenet("cupy").train_step(X[:24], Y[:24])
    other = lenet("numpy").train_step(X[:24], Y[:24])
    lines, expected = str(step).splitlines(), str(other).splitlines()
    assert [line.split()[:1] for line in lines[4:12]] == [
        line.split()[:1] for line in expected[4:12]
    ]
    assert "gradient of the data loss" in step.explain("conv2d/kernel")


# -- moving --------------------------------------------------------------------------------------


def test_a_model_moves_there_and_back() -> None:
    model, stays = lenet("numpy"), lenet("numpy")
    for rows in BATCHES:
        stays.train_step(X[rows], Y[rows])
    model.train_step(X[:24], Y[:24])
    assert model.to("cupy") is model
    step = model.train_step(X[24:48], Y[24:48])
    assert isinstance(step.after.buffer, DeviceArray)
    model.to("numpy").train_step(X[48:72], Y[48:72])
    for path, value in model.params.items():
        np.testing.assert_allclose(value, stays.params[path], rtol=0, atol=2e-3)


def test_weights_are_read_and_set_on_the_host() -> None:
    model, other = lenet("cupy"), lenet("numpy")
    weights = other.get_weights()
    model.set_weights(weights)
    for mine, given in zip(model.get_weights(), weights, strict=True):
        assert isinstance(mine, np.ndarray)
        np.testing.assert_array_equal(mine, given)


def test_a_model_over_layers_that_were_moved_says_so() -> None:
    layer = nn.Dense(2)
    one = nn.Sequential([nn.Input((3,)), layer], backend="numpy", seed=0)
    other = nn.Sequential([nn.Input((3,)), layer], backend="numpy", seed=0)
    assert one.params.keys() == other.params.keys()
    one.to("cupy")
    with pytest.raises(BackendError, match=r"dense/kernel: .*'numpy'.*other\.to\('numpy'\)"):
        other.predict(np.ones((2, 3), np.float32), verbose=0)
    other.to("cupy")
    other.predict(np.ones((2, 3), np.float32), verbose=0)


def test_a_model_whose_input_is_not_known_moves_too() -> None:
    model = nn.Sequential([nn.Dense(2)], backend="numpy", seed=0).to("cupy")
    model.build((3,))
    assert isinstance(model.params["dense/kernel"], DeviceArray)


def test_a_step_that_does_not_fit_leaves_the_model_as_it_was(
    device: EmulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, other = lenet("cupy"), lenet("cupy")
    for one in (model, other):
        one.train_step(X[:24], Y[:24])
    before, room = host(model.params), [20]

    def empty(shape: Any, dtype: Any) -> Any:
        room[0] -= 1
        if room[0] < 0:
            raise MemoryError("GPU 0: an array takes more than is free")
        return device.xp.empty(shape, dtype)

    with monkeypatch.context() as full:
        full.setattr(device, "empty", empty)
        with pytest.raises(MemoryError, match="more than is free"):
            model.train_step(X[24:48], Y[24:48])
    assert model.iteration == 1
    for path, value in host(model.params).items():
        np.testing.assert_array_equal(value, before[path])
    losses = [one.train_step(X[24:48], Y[24:48]).loss for one in (model, other)]
    assert losses[0] == losses[1]


def test_data_on_the_device_are_asked_for_on_the_host(device: EmulatedDevice) -> None:
    with pytest.raises(DataError, match=r"x: cannot be read as a NumPy array: .*use \.get\(\)"):
        lenet("cupy").train_step(device.put(X[:24]), Y[:24])
