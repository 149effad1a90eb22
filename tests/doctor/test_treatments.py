"""Treatments: each heals a program with the fault that it is for, and changes one thing only."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor.program import Program
from nnscratch.doctor.treatments import (
    ClassWeights,
    Descent,
    FirstWeights,
    HiddenActivations,
    LastLayer,
    LayerArguments,
    LearningRate,
    Logits,
    LossTimes,
    MoreEpochs,
    NoPenalty,
    OptimizerArguments,
    StandardisedInput,
    StandardisedTargets,
    TreatmentError,
    Unfrozen,
    Wider,
)
from nnscratch.training.batches import Rows
from nnscratch.training.loop import Fit, FitPlan, Position
from tests.backends import BACKEND
from tests.doctor.nets import CLASSES, LABELS, NUMBERS, ONE_HOT, YES, X, net

BINARY, CATEGORICAL = nn.losses.BinaryCrossentropy, nn.losses.CategoricalCrossentropy
RING = ((X[:, :2] ** 2).sum(axis=1) < 1.4).astype(np.float32)


class Uphill(nn.SGD):
    def update(self, ctx, params, gradients, slots, iteration):
        return super().update(ctx, params, -gradients, slots, iteration)


class Endless(nn.SGD):
    def init(self, ctx, params):
        return {"sum": ctx.k.zeros_like(params)}

    def update(self, ctx, params, gradients, slots, iteration):
        total = slots["sum"] + gradients
        return -self.learning_rate_at(iteration) * total, {"sum": total}


def deep(activation, **options):
    hidden = [nn.Dense(16, activation, **options) for _ in range(4)]
    return net(*hidden, nn.Dense(1, "sigmoid"), loss="bce", optimizer=nn.SGD(0.1))


def flat(units=8, first=(), **options):
    layers = [nn.Input((4,)), *first, nn.Dense(units, **options), nn.Dense(1, "sigmoid")]
    model = nn.Sequential(layers, seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.02), "bce")
    return model


def frozen():
    model = end(YES_NO, loss="bce")
    model.freeze("*")
    return model


def end(*layers, loss, optimizer=None):
    return net(*layers, loss=loss, optimizer=optimizer)


YES_NO = nn.Dense(1, "sigmoid")
BELOW = nn.Dense(1, "relu", bias_initializer=nn.initializers.Constant(-3.0))
CERTAIN = nn.Dense(1, "sigmoid", bias_initializer=nn.initializers.Constant(40.0))
NORM = nn.BatchNormalization(momentum=0.9999)
CASES = {
    "input": (StandardisedInput(), lambda: end(YES_NO, loss="bce"), 1e4 * X, YES),
    "classes": (
        ClassWeights(),
        lambda: end(YES_NO, loss="bce", optimizer=nn.SGD(0.05)),
        X,
        (X[:, 0] > 1.5).astype(np.float32),
    ),
    "targets": (StandardisedTargets(), lambda: end(nn.Dense(1), loss="mse"), X, 500 + NUMBERS),
    "shorter": (
        LearningRate(0.01),
        lambda: end(nn.Dense(1), loss="mse", optimizer=nn.SGD(5.0)),
        X,
        NUMBERS,
    ),
    "longer": (
        LearningRate(1000),
        lambda: end(YES_NO, loss="bce", optimizer=nn.SGD(1e-4)),
        X,
        YES,
    ),
    "scheduled": (
        LearningRate(0.01),
        lambda: end(
            nn.Dense(1),
            loss="mse",
            optimizer=nn.SGD(nn.schedules.ExponentialDecay(5.0, 100, 0.9)),
        ),
        X,
        NUMBERS,
    ),
    "mean": (
        LossTimes(1 / 20),
        lambda: end(
            nn.Dense(1),
            loss=nn.losses.MeanSquaredError(reduction="sum"),
            optimizer=nn.SGD(0.1),
        ),
        X,
        NUMBERS,
    ),
    "more": (MoreEpochs(20), lambda: end(YES_NO, loss="bce", optimizer=nn.SGD(0.005)), X, YES),
    "clipped": (
        OptimizerArguments({"clipnorm": 0.01}),
        lambda: end(nn.Dense(1), loss="mse", optimizer=nn.SGD(5.0)),
        X,
        NUMBERS,
    ),
    "downhill": (
        Descent(turned=True),
        lambda: end(YES_NO, loss="bce", optimizer=Uphill(0.1)),
        X,
        YES,
    ),
    "forgetful": (
        Descent(forgets=True),
        lambda: end(nn.Dense(1), loss="mse", optimizer=Endless(0.1)),
        X,
        NUMBERS,
    ),
    "drawn": (
        FirstWeights(("dense", "dense_1")),
        lambda: flat(kernel_initializer="zeros", activation="relu"),
        X,
        RING,
    ),
    "activation": (HiddenActivations("relu"), lambda: deep("sigmoid"), X, YES),
    "bent": (LayerArguments(("dense",), {"activation": "relu"}), flat, X, RING),
    "averages": (
        LayerArguments(("batch_normalization",), {"momentum": 0.9}),
        lambda: flat(first=[NORM], activation="relu"),
        200 + 50 * X,
        YES,
    ),
    "wide": (Wider("dense"), lambda: flat(1, activation="tanh"), X, RING),
    "free": (NoPenalty(), lambda: deep("tanh", kernel_regularizer=nn.regularizers.L2(1.0)), X, YES),
    "trained": (Unfrozen(), frozen, X, YES),
    "linear": (LastLayer("linear"), lambda: end(YES_NO, loss="mse"), X, 50 * NUMBERS),
    "softmax": (
        LastLayer("softmax"),
        lambda: end(nn.Dense(3, "relu"), loss=CATEGORICAL()),
        X,
        ONE_HOT,
    ),
    "bounded": (LastLayer("sigmoid"), lambda: end(BELOW, loss=BINARY()), X, YES),
    "logits": (
        Logits(),
        lambda: end(CERTAIN, loss=BINARY(), optimizer=nn.SGD(1.0)),
        X,
        YES,
    ),
    "labels": (
        LastLayer("sigmoid", loss="binary_crossentropy"),
        lambda: end(nn.Dense(3, "softmax"), loss="mse"),
        X,
        LABELS,
    ),
    "units": (
        LastLayer("softmax", 3, "sparse_categorical_crossentropy"),
        lambda: end(YES_NO, loss=BINARY()),
        X,
        CLASSES + 4,
    ),
    "columns": (
        LastLayer(loss="sparse_categorical_crossentropy"),
        lambda: end(nn.Dense(3, "softmax"), loss=CATEGORICAL()),
        X,
        np.tile(CLASSES[:, None], 3),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_heals_the_fault_that_it_is_for(case):
    treatment, make, x, y = CASES[case]
    model, doctor = make(), nn.Doctor()
    with np.errstate(all="ignore"):
        model.fit(x, y, epochs=20, batch_size=20, verbose=0, callbacks=[doctor])
    trial = doctor.try_out(treatment)
    assert trial.better, str(trial)
    assert trial.complete


def program(model, x=X, y=YES) -> Program:
    rows = Rows((x,), (np.asarray(y, np.float32).reshape(len(y), -1),))
    return Program.of(model, Fit(rows, None, FitPlan(20, 2, 0, True), None, Position(0, 0)))


def test_weights_that_are_not_drawn_anew_stay_as_they_are():
    before = program(deep("tanh"))
    after = FirstWeights(("dense_1",))(before)
    changed = [
        path
        for path, value in before.start.values.items()
        if not np.array_equal(value, after.start.values[path])
    ]
    assert changed == ["dense_1/kernel"]


def test_other_layers_take_over_the_weights_that_fit():
    before = program(deep("tanh"))
    after = Wider("dense_1")(before)
    first, new = before.start.values, after.build().params
    assert new["dense_1/kernel"].shape == (8, 32)
    assert new["dense_2/kernel"].shape == (32, 16)
    for path in ("dense/kernel", "dense_3/kernel", "dense_5/bias"):
        assert np.array_equal(first[path], new[path])


def test_layers_of_a_nested_network_are_exchanged_too():
    inner = nn.Sequential([nn.Input((4,)), nn.Dense(3, "sigmoid")], name="inner", backend=BACKEND)
    x = nn.Input((4,))
    model = nn.Model(x, nn.Dense(1)(inner(x)), seed=0, backend=BACKEND)
    model.compile("sgd", "mse")
    model.freeze("inner")
    after = LayerArguments(("inner/dense",), {"activation": "relu"})(program(model))
    built = after.build()
    assert list(built.params) == list(model.params)
    assert [node.layer.kind for node in built.graph.nodes] == ["dense", "relu", "dense"]
    assert "inner/dense" in after.start.frozen


@pytest.mark.parametrize(
    ("treatment", "message"),
    [
        (LayerArguments(("dense",), {"momentum": 0.9}), "unknown argument of Dense 'momentum'"),
        (OptimizerArguments({"epsilon": 1.0}), "unknown argument of SGD 'epsilon'"),
        (NoPenalty(), "no layer was made with a regulariser"),
        (Wider("dense/tanh"), "no units"),
        (Logits(), "cannot read logits"),
    ],
)
def test_what_cannot_be_applied_says_so(treatment, message):
    given = program(net(nn.Flatten(), YES_NO, loss="mse", optimizer=nn.SGD(0.1)))
    with pytest.raises(nn.NNError, match=message):
        treatment(given)


def test_class_numbers_have_no_scale():
    model = net(nn.Dense(3, "softmax"), loss="sparse_categorical_crossentropy")
    rows = Rows((X,), (CLASSES,))
    given = Program.of(model, Fit(rows, None, FitPlan(20, 2, 0, True), None, Position(0, 0)))
    with pytest.raises(TreatmentError, match="no scale"):
        StandardisedTargets()(given)


def test_class_weights_need_classes():
    with pytest.raises(TreatmentError, match="one class for each row"):
        ClassWeights()(program(net(nn.Dense(1), loss="mse"), y=NUMBERS))


def test_every_treatment_has_a_phrase():
    for treatment, *_ in CASES.values():
        assert str(treatment)
        assert "<" not in str(treatment)
