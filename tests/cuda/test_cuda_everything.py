"""What layers, callbacks and the doctor do with arrays, they do with those of a GPU as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.testing.cases import CASES, Case
from tests.cuda.nets import X, Y, lenet
from tests.test_losses import EVERY_LOSS, label
from tests.test_losses import example as loss_example
from tests.test_metrics import EVERY_METRIC
from tests.test_metrics import example as metric_example

pytestmark = pytest.mark.usefixtures("device")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_layers_gradients(case: Case) -> None:
    report = nn.testing.check_gradients(
        case.layer, in_shapes=case.in_shapes, training=case.training, backend="cupy"
    )
    assert report.ok, report


def test_a_layer_runs_alone() -> None:
    x, dy = np.ones((2, 4), np.float32), np.ones((2, 3), np.float32)
    call = nn.run_layer(nn.Dense(3), x, dy, backend="cupy")
    assert call.input_gradients[0].shape == (2, 4)


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_every_loss_gives_numpys_numbers(loss: Any) -> None:
    found = []
    for backend in map(get_backend, ("cupy", "numpy")):
        value, gradient = loss(Context(backend), *map(backend.from_host, loss_example(loss)))
        found.append((float(value), backend.to_host(gradient)))
    for mine, expected in zip(*found, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda metric: metric.name)
@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, 6, dtype=np.float32)], ids=type)
def test_every_metric_gives_numpys_numbers(metric: Any, weights: Any) -> None:
    found = []
    for backend in map(get_backend, ("cupy", "numpy")):
        ctx, batch = Context(backend), [*metric_example(metric), weights]
        held = [part if part is None else backend.from_host(part) for part in batch]
        found.append(metric.result(metric.update(ctx, metric.init(ctx), *held)))
    np.testing.assert_allclose(*found, rtol=1e-12)


OPTIMIZERS = [
    nn.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=0.1),
    nn.RMSprop(0.01, centered=True, momentum=0.9, clipvalue=0.01),
    nn.Adagrad(0.01, global_clipnorm=0.1),
    nn.Adadelta(0.01),
    nn.Adam(0.01, amsgrad=True, use_ema=True),
    nn.AdamW(0.01, weight_decay=0.1),
    nn.Adamax(0.01),
    nn.Nadam(0.01),
    nn.Lion(0.01),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
def test_every_optimizer_gives_numpys_weights(optimizer: Any) -> None:
    def trained(backend: str) -> list[Any]:
        layers = [nn.Input((6,)), nn.Dense(5, kernel_constraint="max_norm"), nn.Dense(3)]
        model = nn.Sequential(layers, seed=1, backend=backend, dtype="float64")
        model.compile(optimizer, "mse")
        rng = np.random.default_rng(0)
        x, y = rng.standard_normal((16, 6)), rng.standard_normal((16, 3))
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        return model.get_weights()

    for mine, expected in zip(trained("cupy"), trained("numpy"), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-12)


def fitted(*callbacks: nn.Callback, epochs: int = 1) -> nn.Model:
    model = lenet("cupy")
    model.fit(X[:48], Y[:48], batch_size=24, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


CALLBACKS: list[Callable[[Path], nn.Callback]] = [
    lambda folder: nn.Recorder(every=1),
    lambda folder: nn.Ledger(),
    lambda folder: nn.TensorBoard(folder / "board"),
    lambda folder: nn.ModelCheckpoint(folder / "weights.safetensors", monitor="loss"),
    lambda folder: nn.EarlyStopping(monitor="loss", restore_best_weights=True),
]


@pytest.mark.parametrize("callback", CALLBACKS)
def test_a_callback_sees_what_it_sees_elsewhere(
    callback: Callable[[Path], nn.Callback], tmp_path: Path
) -> None:
    assert str(fitted(callback(tmp_path), epochs=2))


def test_a_recorder_reads_numpys_numbers() -> None:
    mine, expected = nn.Recorder(), nn.Recorder()
    fitted(mine)
    other = lenet("numpy")
    other.fit(X[:48], Y[:48], batch_size=24, epochs=1, verbose=0, callbacks=[expected])
    for name in ("conv2d/kernel", "dense/bias"):
        norms = [recorder[name].gradient.norm for recorder in (mine, expected)]
        np.testing.assert_allclose(*norms, rtol=1e-4)


def test_a_run_is_replayed_forked_and_reported(tmp_path: Path) -> None:
    run = nn.Run(tmp_path / "run")
    fitted(run)
    assert "conv2d" in str(nn.attenuation(run.step(1)).path("conv2d"))
    assert len(str(run.fork(1, lambda model: setattr(model, "learning_rate", 1e-4), steps=1)))
    nn.report(nn.Run.open(tmp_path / "run"))


def test_a_run_is_gone_back_to_within_an_epoch(tmp_path: Path) -> None:
    run = nn.Run(tmp_path / "run", every=1)
    fitted(run, nn.Recorder(every=1))
    assert run.step(1).loss == run.loss[1]
    fork = run.fork(1, callbacks=nn.Recorder(every=1))
    assert fork.loss == fork.original


def test_a_layer_of_a_users_own_is_checked() -> None:
    nn.testing.check_layer(nn.Dense(3), [(4,)], backend="cupy")


def test_a_graph_is_run_backward_from_gradients_of_the_host() -> None:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(3)], backend="cupy", seed=0)
    tape = model.forward(np.ones((2, 4), np.float32))
    tape = model.backward(tape, np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(tape.gradients["dense/bias"].get(), [2, 2, 2])


class Interrupt(nn.Callback):
    """Ctrl-C after three steps."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.iteration == 3:
            raise KeyboardInterrupt


def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = fitted(epochs=3).get_weights()
    backup = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fitted(nn.BackupAndRestore(backup, save_freq=1), Interrupt(), epochs=3)
    again = fitted(nn.BackupAndRestore(backup, save_freq=1), epochs=3).get_weights()
    for mine, expected in zip(again, whole, strict=True):
        np.testing.assert_array_equal(mine, expected)


def test_the_doctor_finds_what_it_finds_elsewhere() -> None:
    found = []
    for backend in ("cupy", "numpy"):
        diagnosis = nn.diagnose(lenet(backend), X[:48], Y[:48], epochs=1, budget=0)
        found.append([finding.cause for finding in diagnosis.findings])
    assert found[0] == found[1]
