"""The moving average of the parameters, in a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND

X = np.random.default_rng(0).standard_normal((24, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def model(**arguments: Any) -> nn.Sequential:
    net = nn.Sequential([nn.Input((3,)), nn.Dense(1)], seed=0, backend=BACKEND)
    net.compile(nn.SGD(0.1, **arguments), "mse")
    return net


def test_after_fit_the_model_holds_the_average() -> None:
    kept: list[nn.Step] = []
    net = model(use_ema=True, ema_momentum=0.5)
    net.fit(X, Y, 8, 2, verbose=0, callbacks=nn.LambdaCallback(on_step=kept.append))
    average = kept[0].after["dense/kernel"]
    for step in kept[1:]:
        average = (average + step.after["dense/kernel"]) / 2
    np.testing.assert_allclose(net.params["dense/kernel"], average, rtol=1e-5)
    assert not np.array_equal(net.params["dense/kernel"], kept[-1].after["dense/kernel"])


def test_a_step_trains_on_as_without_an_average() -> None:
    plain, averaged = model(), model(use_ema=True)
    for _ in range(3):
        plain.train_step(X, Y)
        averaged.train_step(X, Y)
    np.testing.assert_array_equal(plain.params["dense/kernel"], averaged.params["dense/kernel"])
    averaged.use_average()
    assert not np.array_equal(plain.params["dense/kernel"], averaged.params["dense/kernel"])


def test_without_one_there_is_nothing_to_use() -> None:
    with pytest.raises(nn.NNError, match="use_ema=True"):
        model().use_average()


def test_a_run_has_its_steps_again(tmp_path: Path) -> None:
    kept: list[nn.Step] = []
    run = nn.Run(tmp_path / "run", every=2)
    net = model(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
    net.fit(X, Y, 8, 2, verbose=0, callbacks=[nn.LambdaCallback(on_step=kept.append), run])
    for step in kept:
        again = run.step(step.index)
        for path in step.after:
            np.testing.assert_array_equal(again.after[path], step.after[path])
        np.testing.assert_array_equal(
            again.slots_after["average"]["dense/kernel"],
            step.slots_after["average"]["dense/kernel"],
        )
    opened = nn.Run.open(tmp_path / "run", data=(X, Y)).model
    np.testing.assert_array_equal(opened.params["dense/kernel"], net.params["dense/kernel"])
