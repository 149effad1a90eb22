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
from tests.backends import BACKEND

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype(int)
BATCHES = [(X[i : i + 4], Y[i : i + 4]) for i in (0, 4, 8)]


def model(**arguments: Any) -> nn.Sequential:
    net = nn.Sequential(
        [nn.Input((3,)), nn.Dense(2, activation="softmax")], seed=0, backend=BACKEND, **arguments
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
    net = nn.Sequential([nn.Dense(2, activation="softmax")], seed=0, backend=BACKEND)
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


class ByPlace:
    """Batches at places alone, as a keras.utils.PyDataset has them: it knows no end by itself."""

    def __len__(self) -> int:
        return len(BATCHES)

    def __getitem__(self, place: int) -> Any:
        assert 0 <= place < len(BATCHES)
        return BATCHES[place]


class Loader:
    """Batches that can be gone over again, of which nobody knows how many there are."""

    passes = 0

    def __iter__(self) -> Iterator[Any]:
        self.passes += 1
        yield from BATCHES

    def __len__(self) -> int:
        raise TypeError("IterableDataset has no len()")


def test_batches_may_lie_at_places() -> None:
    np.testing.assert_array_equal(weights_after(ByPlace()), weights_after(BATCHES))
    on = weights_after(ByPlace(), epochs=2, steps_per_epoch=4)  # which goes beyond the last place
    np.testing.assert_array_equal(on, weights_after(BATCHES, epochs=2, steps_per_epoch=4))
    assert model().evaluate(ByPlace(), verbose=0) == model().evaluate(BATCHES, verbose=0)


@pytest.mark.parametrize("make", [lambda: BATCHES, lambda: iter(BATCHES), ByPlace, Loader])
def test_evaluate_goes_over_batches(make: Any) -> None:
    weights = np.linspace(0, 2, 12)
    expected = model().evaluate(X, Y, 4, 0)
    assert model().evaluate(make(), verbose=0) == pytest.approx(expected, rel=1e-6)
    part = model().evaluate(make(), verbose=0, steps=2)
    assert part == pytest.approx(model().evaluate(X[:8], Y[:8], 4, 0), rel=1e-6)
    weighed = [(X[i : i + 4], Y[i : i + 4], weights[i : i + 4]) for i in (0, 4, 8)]
    found = model().evaluate(iter(weighed), verbose=0, return_dict=True)
    again = model().evaluate(X, Y, 4, 0, weights, return_dict=True)
    assert found == pytest.approx(again, rel=1e-6)


def test_predict_goes_over_batches() -> None:
    expected = model().predict(X, 4, 0)
    for batches in ((X[i : i + 4] for i in (0, 4, 8)), iter(BATCHES), ByPlace(), Loader()):
        np.testing.assert_array_equal(model().predict(batches, verbose=0), expected)
    np.testing.assert_array_equal(model().predict(endless(), verbose=0, steps=2), expected[:8])


@pytest.mark.parametrize(
    ("make", "steps"), [(lambda: BATCHES, None), (endless, 3), (ByPlace, None), (Loader, None)]
)
def test_validation_goes_over_batches(make: Any, steps: int | None) -> None:
    arguments = {"epochs": 3, "verbose": 0}
    expected = model().fit(BATCHES, validation_data=(X, Y), **arguments).history
    found = model().fit(BATCHES, validation_data=make(), validation_steps=steps, **arguments)
    for name, values in expected.items():
        assert found.history[name] == pytest.approx(values, rel=1e-6)


def test_validation_begins_anew_where_it_can() -> None:
    loader = Loader()
    arguments = {"epochs": 3, "verbose": 0, "validation_steps": 2}
    found = model().fit(BATCHES, validation_data=loader, **arguments)
    expected = model().fit(BATCHES, validation_data=(X[:8], Y[:8]), epochs=3, verbose=0)
    assert found.history["val_loss"] == pytest.approx(expected.history["val_loss"], rel=1e-6)
    assert loader.passes == 3


def test_all_may_go_over_several_inputs_and_outputs() -> None:
    def both() -> nn.Model:
        a, b = nn.Input((3,), name="a"), nn.Input((3,), name="b")
        ends = [nn.Dense(2, "softmax", name="c")(a), nn.Dense(1, "sigmoid", name="d")(b)]
        net = nn.Model([a, b], ends, seed=0, backend=BACKEND, store=nn.Store())
        losses = {"c": "sparse_categorical_crossentropy", "d": "binary_crossentropy"}
        net.compile(nn.SGD(0.1), losses, {"d": ["accuracy"]})
        return net

    x, y = {"a": X, "b": -X}, {"c": Y, "d": Y}
    rows = [slice(i, i + 4) for i in (0, 4, 8)]
    batches = [({k: v[r] for k, v in x.items()}, {k: v[r] for k, v in y.items()}) for r in rows]
    one, two = both(), both()
    first = one.fit(batches, verbose=0, validation_data=batches).history
    second = two.fit(x, y, 4, verbose=0, shuffle=False, validation_data=(x, y)).history
    assert list(first) == list(second)
    for name, values in second.items():
        assert first[name] == pytest.approx(values, rel=1e-6)
    assert one.evaluate(iter(batches), verbose=0) == pytest.approx(two.evaluate(x, y, 4, 0))
    for found, expected in zip(
        one.predict(iter(batches), verbose=0), two.predict(x, 4, 0), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    tuples = one.fit(batches, verbose=0, validation_data=((X, -X), (Y, Y)))  # and no two batches
    assert "val_d_accuracy" in tuples.history


def late() -> Iterator[Any]:
    yield from BATCHES[:2]
    yield X[:4, :2], Y[:4]


def test_an_error_says_which_batch_it_was() -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, 3\), got \(4, 2\)") as caught:
        model().fit(late(), steps_per_epoch=3, verbose=0)
    assert caught.value.__notes__ == ["fit x: this was batch 3 of those that it yields"]
    with pytest.raises(ShapeError) as caught:
        model().evaluate(late(), verbose=0)
    assert caught.value.__notes__ == ["evaluate x: this was batch 3 of those that it yields"]


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda net: net.evaluate(iter([])), DataError, "evaluate x: yields no batch"),
        (lambda net: net.evaluate(iter([X])), DataError, r"evaluate x: expected .*\(x, y\) or"),
        (lambda net: net.evaluate(X), DataError, r"evaluate y: nothing was given; .*evaluate\(x,"),
        (lambda net: net.evaluate(X, Y, steps=2), ArgumentError, "evaluate steps: says nothing"),
        (lambda net: net.evaluate(BATCHES, steps=0), ArgumentError, "evaluate steps: expected a"),
        (lambda net: net.evaluate(BATCHES, batch_size=4), ArgumentError, "evaluate batch_size: s"),
        (lambda net: net.evaluate(endless), DataError, r"evaluate x: got a function.*endless\(\)"),
        (lambda net: net.evaluate(iter(BATCHES), Y), DataError, "evaluate y: x yields batches"),
        (lambda net: net.predict(iter([])), DataError, "predict x: yields no batch"),
        (lambda net: net.predict(X, steps=1), ArgumentError, "predict steps: says nothing"),
        (lambda net: net.predict(iter(BATCHES), 4), ArgumentError, "predict batch_size: says"),
        (lambda net: net.predict(endless), DataError, "predict x: got a function"),
        (lambda net: net.fit((X, Y)), DataError, r"fit y: nothing was given; expected fit\(x, y\)"),
        (
            lambda net: net.fit(endless, steps_per_epoch=3),
            DataError,
            r"fit x: got a function; .*: endless\(\)",
        ),
        (
            lambda net: net.fit(X, Y, validation_data=endless, validation_steps=3),
            DataError,
            "fit validation_data: got a function",
        ),
        (lambda net: net.fit(iter(BATCHES), Y), DataError, "fit y: x yields batches, which hold y"),
        (lambda net: net.fit(Loader()), ArgumentError, "fit steps_per_epoch: say how many"),
        (
            lambda net: net.fit(X, Y, validation_data=endless()),
            ArgumentError,
            "fit validation_steps: say how many batches",
        ),
        (
            lambda net: net.fit(X, Y, validation_data=(X, Y), validation_steps=2),
            ArgumentError,
            "fit validation_steps: says nothing",
        ),
        (lambda net: net.fit(X, Y, validation_steps=2), ArgumentError, "validation_steps: says"),
        (
            lambda net: net.fit(X, Y, validation_data=iter([X]), validation_steps=1),
            DataError,
            "fit validation_data: expected to yield batches",
        ),
        (lambda net: net.fit(X, Y, validation_data=X), DataError, r"expected validation_data=\(x,"),
    ],
)
def test_what_nobody_can_go_over_is_refused(ask: Any, error: Any, message: str) -> None:
    net = model()
    with pytest.raises(error, match=message):
        ask(net)
    assert net.iteration == 0


def test_who_needs_all_rows_needs_those_to_validate_on_too(tmp_path: Path) -> None:
    net = model()
    with pytest.raises(CallbackError, match="these are made as it goes on"):
        net.fit(X, Y, verbose=0, callbacks=nn.Run(tmp_path / "run"), validation_data=BATCHES)
    assert net.iteration == 0


def test_what_is_read_as_an_array_still_is() -> None:
    net = nn.Sequential([nn.Input((1,)), nn.Dense(1)], seed=0, backend=BACKEND)
    expected = net.predict(np.arange(4.0)[:, None], verbose=0)
    for rows in ([(0.0,), (1.0,), (2.0,), (3.0,)], [[0], [1], [2], [3]]):
        np.testing.assert_array_equal(net.predict(rows, verbose=0), expected)
