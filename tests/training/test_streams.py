"""Batches that somebody makes while training goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import DataError, ShapeError
from nnscratch.training.callbacks import CallbackError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype(int)
BATCHES = [(X[i : i + 4], Y[i : i + 4]) for i in (0, 4, 8)]


def model(**arguments: Any) -> nn.Sequential:
    net = nn.Sequential(
        [nn.Input((3,)), nn.Dense(2, activation="softmax")], seed=0, backend="numpy", **arguments
    )
    net.compile(nn.SGD(0.1), "sparse_categorical_crossentropy", ["accuracy"])
    return net


def endless() -> Iterator[Any]:
    yield from itertools.cycle(BATCHES)


def weights_after(*data: Any, **arguments: Any) -> Any:
    net = model()
    net.fit(*data, verbose=0, **arguments)
    return net.get_weights()[0]


def test_a_generator_trains_as_the_arrays_do() -> None:
    expected = weights_after(X, Y, batch_size=4, epochs=2, shuffle=False)
    found = weights_after(endless(), epochs=2, steps_per_epoch=3)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(weights_after(BATCHES, epochs=2), expected)
    by_twos = weights_after(endless(), epochs=3, steps_per_epoch=2)  # an epoch is what one says
    np.testing.assert_array_equal(by_twos, expected)


def test_logs_are_those_of_the_batches() -> None:
    net = model()
    history = net.fit(BATCHES, epochs=2, verbose=0, validation_data=(X, Y))
    again = model().fit(X, Y, 4, 2, verbose=0, shuffle=False, validation_data=(X, Y))
    for name, values in again.history.items():
        assert history.history[name] == pytest.approx(values, rel=1e-6)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_batches_may_differ_in_size_and_carry_weights() -> None:
    weights = np.arange(12.0)
    parts = [(X[:5], Y[:5], weights[:5]), (X[5:], Y[5:], weights[5:])]
    sizes: list[int] = []
    seen: list[Any] = []

    def note(step: nn.Step) -> None:
        sizes.append(len(step.batch))
        seen.append(step.batch.weights)

    model().fit(parts, verbose=0, callbacks=nn.LambdaCallback(on_step=note))
    assert sizes == [5, 7]
    np.testing.assert_array_equal(np.concatenate(seen), weights)


def test_classes_may_be_weighed() -> None:
    weighed = weights_after(BATCHES, class_weight={0: 3.0})
    expected = weights_after(X, Y, batch_size=4, shuffle=False, class_weight={0: 3.0})
    np.testing.assert_array_equal(weighed, expected)


def test_the_first_batch_tells_the_input() -> None:
    net = nn.Sequential([nn.Dense(2, activation="softmax")], seed=0, backend="numpy")
    net.compile(nn.SGD(0.1), "sparse_categorical_crossentropy")
    net.fit(endless(), verbose=0, steps_per_epoch=3)
    np.testing.assert_array_equal(
        net.get_weights()[0], weights_after(X, Y, batch_size=4, shuffle=False)
    )


def test_a_generator_that_ends_too_soon() -> None:
    with pytest.raises(DataError, match="came to an end after 3; an epoch takes 4"):
        weights_after(iter(BATCHES), steps_per_epoch=4)
    with pytest.raises(DataError, match="came to an end after 3; an epoch takes 3"):
        weights_after(iter(BATCHES), steps_per_epoch=3, epochs=2)
    with pytest.raises(DataError, match="came to an end after 0"):
        weights_after(iter([]), steps_per_epoch=1)


@pytest.mark.parametrize(
    ("data", "arguments", "error", "message"),
    [
        ((endless(),), {}, ArgumentError, "say how many batches make an epoch; generator has no"),
        ((endless(),), {"steps_per_epoch": 0}, ArgumentError, "steps_per_epoch: expected a whole"),
        ((BATCHES,), {"batch_size": 4}, ArgumentError, "fit batch_size: says nothing where x is"),
        ((BATCHES,), {"sample_weight": Y}, ArgumentError, "fit sample_weight: says nothing"),
        ((BATCHES,), {"validation_split": 0.5}, ArgumentError, "fit validation_split: says"),
        ((X, Y), {"steps_per_epoch": 2}, ArgumentError, "steps_per_epoch: says nothing where x"),
        (
            (iter([X]),),
            {"steps_per_epoch": 1},
            DataError,
            "to yield batches, .* ndarray",
        ),
        ((iter([(X, Y, Y, Y)]),), {"steps_per_epoch": 1}, DataError, "got tuple"),
        (([(X[:, :2], Y)],), {}, ShapeError, r"expected \(N, 3\)"),
        ((X,), {}, DataError, "y: nothing was given"),
        (([X],), {}, DataError, "y: nothing was given"),
    ],
)
def test_what_is_refused(data: Any, arguments: Any, error: Any, message: str) -> None:
    net = model()
    with pytest.raises(error, match=message):
        net.fit(*data, verbose=0, **arguments)
    assert net.iteration == 0


@pytest.mark.parametrize("callback", [nn.Run, nn.BackupAndRestore, lambda folder: nn.Doctor()])
def test_who_needs_all_rows_says_so(callback: Any, tmp_path: Path) -> None:
    net = model()
    with pytest.raises(CallbackError, match="these are made as it goes on"):
        net.fit(BATCHES, verbose=0, callbacks=callback(tmp_path / "run"))
    assert net.iteration == 0


def test_who_does_not_listens() -> None:
    recorder, ledger = nn.Recorder(), nn.Ledger()
    model().fit(BATCHES, epochs=2, verbose=2, callbacks=[recorder, ledger])
    assert recorder.steps == list(range(6))
