from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from tests.backends import BACKEND

X = np.random.default_rng(0).standard_normal((8, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def fit(callback: nn.Callback, optimizer: Any = None, epochs: int = 3) -> nn.History:
    net = nn.Sequential([nn.Input((3,)), nn.Dense(1)], seed=0, backend=BACKEND)
    net.compile(optimizer or nn.SGD(0.1), "mse")
    return net.fit(X, Y, 4, epochs, verbose=0, callbacks=callback)


def test_a_function_of_the_epoch_and_the_rate() -> None:
    history = fit(nn.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate))
    assert history.history["learning_rate"] == [0.1, 0.05, 0.025]


def test_a_function_of_the_epoch() -> None:
    history = fit(nn.LearningRateScheduler(lambda epoch: 1 / (epoch + 1)))
    assert history.history["learning_rate"] == [1, 1 / 2, 1 / 3]


def test_the_steps_take_it() -> None:
    slow, fast = (
        fit(nn.LearningRateScheduler(function)) for function in (lambda e: 1e-9, lambda e: 0.1)
    )
    assert slow.history["loss"][0] == pytest.approx(slow.history["loss"][-1], rel=1e-6)
    assert fast.history["loss"][-1] < 0.9 * fast.history["loss"][0]


def test_it_tells_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    fit(nn.LearningRateScheduler(lambda epoch: 0.5, verbose=1), epochs=1)
    assert capsys.readouterr().out == (
        "Epoch 1: LearningRateScheduler sets the learning rate to 0.5\n"
    )


@pytest.mark.parametrize("schedule", [0.1, lambda: 0.1, lambda a, b, c: 0.1, "halve"])
def test_a_schedule_is_a_function(schedule: Any) -> None:
    with pytest.raises(ArgumentError, match="expected a function of"):
        nn.LearningRateScheduler(schedule)


@pytest.mark.parametrize("rate", [-0.1, None, float("nan")])
def test_a_rate_is_a_number_from_0(rate: Any) -> None:
    with pytest.raises(ArgumentError, match="schedule: expected a finite number >= 0"):
        fit(nn.LearningRateScheduler(lambda epoch: rate))


def test_an_optimizer_with_a_schedule_keeps_it() -> None:
    with pytest.raises(nn.NNError, match="sets it before every step"):
        fit(nn.LearningRateScheduler(lambda e: 0.1), nn.SGD(nn.schedules.CosineDecay(0.1, 9)))


def test_others_may_watch_what_it_adds() -> None:
    stop = nn.EarlyStopping("learning_rate", mode="min")
    net = nn.Sequential([nn.Input((3,)), nn.Dense(1)], seed=0, backend=BACKEND)
    net.compile(nn.SGD(0.1), "mse")
    schedule = nn.LearningRateScheduler(lambda epoch: 0.1 if epoch < 2 else 0.2)
    history = net.fit(X, Y, 4, 9, verbose=0, callbacks=[schedule, stop])
    assert len(history.epoch) == 2
