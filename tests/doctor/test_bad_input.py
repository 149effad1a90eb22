"""What cannot be trained on, or breaks while it is, ends in a finding or in a clear error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import DataError, DTypeError, NNError, ShapeError
from nnscratch.training.callbacks import CallbackError
from tests.backends import BACKEND
from tests.doctor.nets import CLASSES, NUMBERS, YES, X, causes, diagnosis, net


def regressor(**options: Any) -> nn.Model:
    return net(nn.Dense(1), loss="mse", **options)


def classifier() -> nn.Model:
    return net(nn.Dense(3, "softmax"), loss="sparse_categorical_crossentropy")


def sequential(*layers: nn.Layer, loss: Any = "mse", **options: Any) -> nn.Model:
    model = nn.Sequential([nn.Input((4,)), *layers], seed=0, **{"backend": BACKEND} | options)
    model.compile(nn.Adam(0.01), loss)
    return model


def broken_at(rows: list[int], value: float, array: np.ndarray = X) -> np.ndarray:
    broken = np.array(array)
    broken[rows, -1] = value
    return broken


# -- data -----------------------------------------------------------------------------------------

BAD_DATA = {
    "NaN in x": (broken_at([3, 7], np.nan), NUMBERS, "data.x", "2 of 200 rows"),
    "Inf in x": (broken_at([5], np.inf), NUMBERS, "data.x", "1 of 4 columns (3)"),
    "nothing else in x": (X * np.nan, NUMBERS, "data.x", "200 of 200 rows"),
    "NaN in y": (X, broken_at([5], np.nan, NUMBERS), "data.y", "the first is row 5"),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("case", BAD_DATA)
def test_nan_in_data_is_found_and_nothing_else(case: str) -> None:
    x, y, where, text = BAD_DATA[case]
    found = diagnosis(regressor(), y, x, epochs=2)
    (finding,) = found.findings
    assert (finding.cause, finding.certainty.name) == ("nan_in_data", "certain")
    assert finding.where == (where,)
    assert text in finding.evidence[0].text
    assert finding.consequences == ()
    assert "no_signal" not in found.checked
    assert "undefined" in str(found) or where == "data.y"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_is_found_in_the_input_that_has_it() -> None:
    left, right = nn.Input((4,), name="left"), nn.Input((4,), name="right")
    model = nn.Model([left, right], nn.Dense(1)(nn.Add()([left, right])), seed=0, backend=BACKEND)
    model.compile("sgd", "mse")
    found = nn.diagnose(model, [X, broken_at([1], np.nan)], NUMBERS)
    assert found.findings[0].where == ("data.x['right']",)


def test_fit_refuses_nan_before_the_doctor_comes() -> None:
    doctor = nn.Doctor()
    with pytest.raises(DataError, match="nan at row 3, column 3; 1 of 800 values"):
        regressor().fit(broken_at([3], np.nan), NUMBERS, callbacks=[doctor])
    assert not doctor.knows


ONE_CLASS = {
    "class numbers": (nn.Dense(3, "softmax"), "sparse_categorical_crossentropy", 0 * CLASSES),
    "yes or no": (nn.Dense(1, "sigmoid"), "binary_crossentropy", 0 * YES),
    "one-hot": (nn.Dense(3, "softmax"), "categorical_crossentropy", np.eye(3)[0 * CLASSES]),
}


@pytest.mark.parametrize("case", ONE_CLASS)
def test_one_class_is_found(case: str) -> None:
    layer, loss, y = ONE_CLASS[case]
    found = diagnosis(net(layer, loss=loss), y, epochs=5)
    assert causes(found) == ["bad_labels"]
    assert "all 200 training rows are of class 0" in str(found)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize(("model", "y"), [(regressor, NUMBERS), (classifier, CLASSES)])
def test_one_row_or_two_are_found(model: Callable[[], nn.Model], y: np.ndarray, rows: int) -> None:
    found = diagnosis(model(), y[:rows], X[:rows])
    assert causes(found) == ["too_few_rows"]
    assert f"training rows: {rows}" in str(found)
    assert f"on {rows} row{'s' * (rows > 1)}:" in str(found)


def test_four_rows_can_be_enough() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    layers = [nn.Input((2,)), nn.Dense(8, "tanh"), nn.Dense(1, "sigmoid")]
    model = nn.Sequential(layers, seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.1), "binary_crossentropy")
    assert causes(nn.diagnose(model, x, np.array([0, 1, 1, 0]), epochs=100)) == []


REFUSED = {
    "no rows": (X[:0], NUMBERS[:0], DataError, "x: there are no rows"),
    "names as objects": (X, np.array(["cat"] * 200, object), DTypeError, "of names, np.unique("),
    "names": (X, np.array(["cat"] * 200), DTypeError, "np.unique(names, return_inverse=True)"),
    "wide targets": (X, np.ones((200, 3)), ShapeError, "expected targets (200, 1), got (200, 3)"),
    "few targets": (X, NUMBERS[:50], DataError, "expected 200 rows, as many as x has, got (50, 1)"),
    "narrow rows": (X[:, :3], NUMBERS, ShapeError, "expected (N, 4), got (200, 3)"),
    "no targets": (X, None, DataError, "y: nothing was given"),
    "a generator": (iter([(X, NUMBERS)]), None, ArgumentError, "how many batches make an epoch"),
    "batches": ([(X, NUMBERS)], None, CallbackError, "a callback needs all rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_fit_refuses_the_doctor_refuses_too(case: str) -> None:
    x, y, error, message = REFUSED[case]
    with pytest.raises(error, match=re.escape(message)):
        nn.diagnose(regressor(), x, y)


# -- models ---------------------------------------------------------------------------------------


def test_a_model_that_cannot_be_trained_is_told() -> None:
    uncompiled = nn.Sequential([nn.Input((4,)), nn.Dense(1)], backend=BACKEND)
    with pytest.raises(NNError, match="the model is not compiled, and no loss is given"):
        nn.diagnose(uncompiled, X, NUMBERS)
    with pytest.raises(NNError, match=r"expected an nn\.Model; got 3"):
        nn.diagnose(3, X, NUMBERS)


def test_an_absent_backend_is_told() -> None:
    with pytest.raises(NNError, match="unknown backend 'cuda'"):
        sequential(nn.Dense(1), backend="cuda")


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_in_weights_is_found() -> None:
    model = regressor()
    kernel = model.get_weights()[0]
    kernel[0, 0] = np.nan
    model.set_weights({"dense/kernel": kernel})
    (finding,) = diagnosis(model, NUMBERS, epochs=2).findings
    assert (finding.cause, finding.where) == ("nan_in_weights", ("dense/kernel",))


def test_nothing_to_train_is_no_error() -> None:
    frozen = regressor()
    frozen.freeze("*")
    assert not diagnosis(frozen, NUMBERS, epochs=2).outcome.learned
    found = diagnosis(sequential(nn.ReLU()), X, epochs=2)
    assert causes(found)[0] == "output_range_mismatch"
    x = nn.Input((4,), name="same")
    model = nn.Model(x, x, seed=0, backend=BACKEND)
    model.compile("sgd", "mse")
    assert nn.diagnose(model, X, X).outcome.reached[0].score == 1


HEALTHY = {
    "a frozen layer": lambda: frozen_first(),
    "float64": lambda: sequential(nn.Dense(8, "tanh"), nn.Dense(1), dtype="float64"),
    "one layer, called twice": lambda: called_twice(),
}


def frozen_first() -> nn.Model:
    model = regressor()
    model.freeze("dense")
    return model


def called_twice() -> nn.Model:
    x, shared = nn.Input((4,)), nn.Dense(4, "tanh")
    model = nn.Model(x, nn.Dense(1)(shared(shared(x))), seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.01), "mse")
    return model


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_models_of_all_kinds(case: str) -> None:
    found = diagnosis(HEALTHY[case](), NUMBERS)
    assert causes(found) == []
    assert found.outcome.learned


FED = {
    "flat targets": (X, NUMBERS[:, 0], {}),
    "lists": (X.tolist(), NUMBERS.tolist(), {}),
    "whole numbers": ((3 * X).astype(int), NUMBERS, {}),
    "a batch larger than the data": (X, NUMBERS, {"batch_size": 1000, "epochs": 100}),
    "sample weights": (X, NUMBERS, {"sample_weight": np.linspace(0, 1, 200)}),
    "a validation split": (X, NUMBERS, {"validation_split": 0.25}),
}


@pytest.mark.parametrize("case", FED)
def test_healthy_data_of_all_kinds(case: str) -> None:
    x, y, options = FED[case]
    found = nn.diagnose(regressor(), x, y, **{"epochs": 40, "batch_size": 20} | options)
    assert causes(found) == []
    assert found.outcome.learned


def test_classes_of_every_place_of_a_row_are_healthy() -> None:
    x = np.random.default_rng(0).standard_normal((200, 5, 4)).astype(np.float32)
    y = np.digitize(x[..., 0], [-0.5, 0.5])  # (N, T)
    layers = [nn.Input((5, 4)), nn.Dense(8, "tanh"), nn.Dense(3, "softmax")]
    model = nn.Sequential(layers, seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.01), "sparse_categorical_crossentropy")
    found = diagnosis(model, y, x)
    assert causes(found) == []
    assert found.outcome.learned


def test_class_weights_are_healthy() -> None:
    assert causes(diagnosis(classifier(), CLASSES, class_weight={0: 2.0, 1: 1.0, 2: 0.5})) == []


# -- trainings that end early ---------------------------------------------------------------------


class Ends(nn.Callback):
    """Raises something after some batches."""

    def __init__(self, error: BaseException, batches: int):
        self.error, self.left = error, batches

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error


def test_ctrl_c_ends_in_a_diagnosis() -> None:
    found = diagnosis(regressor(), NUMBERS, callbacks=[Ends(KeyboardInterrupt(), 6)])
    assert found.outcome.interrupted
    assert "nothing found so far\n\ninterrupted after 6 of 400 steps on 200 rows" in str(found)
    assert causes(found) == []  # it may have had too few updates, but was not to end there


def test_a_training_that_hardly_began_is_not_judged_by_what_it_did_not_reach() -> None:
    found = diagnosis(classifier(), CLASSES, callbacks=[Ends(KeyboardInterrupt(), 1)])
    assert str(found).startswith("nothing found so far\n")
    assert not found.outcome.learned


def test_ctrl_c_leaves_what_was_found_until_then() -> None:
    doctor, model = nn.Doctor(), net(nn.Dense(1, "sigmoid"), loss="binary_crossentropy")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, CLASSES, verbose=0, callbacks=[doctor, Ends(KeyboardInterrupt(), 2)])
    assert causes(doctor.diagnosis)[0] == "wrong_output_units"


def test_an_error_is_told_with_what_was_found_until_then() -> None:
    model = net(nn.Dense(1, "sigmoid"), loss="binary_crossentropy")
    with pytest.raises(RuntimeError, match="mine") as raised:
        diagnosis(model, CLASSES, callbacks=[Ends(RuntimeError("mine"), 5)])
    (note,) = raised.value.__notes__
    assert "interrupted after 5 of 400 steps" in note
    assert "1. wrong_output_units (certain)" in note


class Breaking:
    """A function that raises after so many calls."""

    def __init__(self, calls: int):
        self.left = calls

    def __call__(self, *given: np.ndarray) -> None:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("mine")


class BreakingLayer(nn.Layer):
    """Passes on what it reads, until it breaks."""

    def __init__(self, calls: int, *, name: str | None = None):
        super().__init__(name=name)
        self.breaking = Breaking(calls)

    def spec(self, *in_shapes: tuple[int, ...]) -> nn.Spec:
        return nn.Spec(in_shapes[0])

    def forward(self, ctx: Any, params: Any, state: Any, *xs: np.ndarray) -> nn.Output:
        self.breaking(*xs)
        return nn.Output(xs[0] + 0)

    def backward(self, ctx: Any, params: Any, cache: Any, dy: np.ndarray) -> nn.Gradients:
        return nn.Gradients((dy,))


def with_loss(calls: int) -> nn.Model:
    breaking = Breaking(calls)

    def value(p: np.ndarray, t: np.ndarray) -> np.ndarray:
        breaking(p)
        return ((p - t) ** 2)[:, 0]

    return net(nn.Dense(1), loss=nn.losses.CustomLoss(value, lambda p, t: 2 * (p - t), "squares"))


class BreakingMetric(nn.metrics.MeanSquaredError):
    def update(self, *given: Any) -> Any:
        raise RuntimeError("mine")


BREAKING: dict[str, tuple[Callable[[], nn.Model], str, bool]] = {
    "layer at once": (lambda: with_layer(0), "in odd#0 (forward)", False),
    "layer later": (lambda: with_layer(15), "in odd#0 (forward)", True),
    "loss at once": (lambda: with_loss(0), "in loss squares (of dense_1)", False),
    "loss later": (lambda: with_loss(15), "in loss squares (of dense_1)", True),
    "metric": (lambda: with_metric(), "in metric odd (of dense_1)", False),
}


def with_layer(calls: int) -> nn.Model:
    return sequential(BreakingLayer(calls, name="odd"), nn.Dense(1))


def with_metric() -> nn.Model:
    model = regressor()
    model.compile("sgd", "mse", [BreakingMetric("odd")])
    return model


@pytest.mark.parametrize("case", BREAKING)
def test_code_of_the_users_that_raises_is_named(case: str) -> None:
    model, place, steps_were_taken = BREAKING[case]
    with pytest.raises(RuntimeError, match="mine") as raised:
        diagnosis(model(), NUMBERS)
    where, *seen = raised.value.__notes__
    assert where == place
    assert any("interrupted after" in note for note in seen) == steps_were_taken


def test_a_loss_that_refuses_what_the_doctor_asks_is_no_error() -> None:
    def value(p: np.ndarray, t: np.ndarray) -> np.ndarray:
        if not ((p > 0) & (p < 1)).all():
            raise ValueError("no probabilities")
        return (-t * np.log(p) - (1 - t) * np.log(1 - p))[:, 0]

    loss = nn.losses.CustomLoss(value, lambda p, t: (p - t) / (p * (1 - p)), "strict")
    found = diagnosis(net(nn.Dense(1, "sigmoid"), loss=loss), YES)
    assert causes(found) == []


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_loss_that_is_none_from_the_first_step_on_is_named() -> None:
    loss = nn.losses.CustomLoss(
        lambda p, t: np.log(-1 - np.abs(p))[:, 0], lambda p, t: p * np.nan, "logarithm"
    )
    found = diagnosis(net(nn.Dense(1), loss=loss), NUMBERS, epochs=2)
    assert causes(found) == ["loss_formula_bug"]
    assert "and their loss is nan" in found.findings[0].evidence[0].text


def test_one_step_is_enough_to_be_diagnosed() -> None:
    found = diagnosis(regressor(), NUMBERS, epochs=1, batch_size=200)
    assert str(found).startswith("1 step on 200 rows: loss ")


def test_no_step_is_told() -> None:
    with pytest.raises(NNError, match=r"no step was taken; model\.fit"):
        diagnosis(regressor(), NUMBERS, epochs=0)
    with pytest.raises(NNError, match="nothing has been watched yet"):
        _ = nn.Doctor().diagnosis


def test_a_doctor_tells_of_the_last_training_it_watched() -> None:
    doctor = nn.Doctor()
    ill = net(nn.Dense(1, "sigmoid"), loss="binary_crossentropy")
    ill.fit(X, CLASSES, epochs=3, verbose=0, callbacks=[doctor])
    assert causes(doctor.diagnosis)[0] == "wrong_output_units"
    regressor().fit(X, NUMBERS, batch_size=20, epochs=40, verbose=0, callbacks=[doctor])
    assert causes(doctor.diagnosis) == []
