from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKENDS
from tests.doctor.nets import (
    CLASSES,
    HIDDEN,
    SPARSE,
    Program,
    X,
    causes,
    complaints,
    diagnosis,
    first,
    programs,
    programs_by_cause,
)


def frozen(units: int, activation: str, **options: object) -> nn.Dense:
    """A layer that is not trained."""
    return nn.Dense(units, activation, trainable=False, **options)


OUTPUT = nn.Dense(3, "softmax")

FAULTY = {
    "all is frozen": Program((frozen(8, "tanh"), frozen(3, "softmax")), SPARSE(), CLASSES),
    "all but a normalisation": Program(
        (frozen(8, "tanh"), nn.BatchNormalization(), frozen(3, "softmax")),
        SPARSE(),
        CLASSES,
        optimizer=nn.Adam(0.001),
        epochs=5,
    ),
    "all behind weights of 0": Program(
        (HIDDEN, frozen(3, "softmax", kernel_initializer="zeros")), SPARSE(), CLASSES
    ),
    "no weights": Program((nn.Activation("softmax"),), SPARSE(), CLASSES),
    "a learning rate of 0": Program((HIDDEN, OUTPUT), SPARSE(), CLASSES, optimizer=nn.SGD(0.0)),
}
HEALTHY = {
    "frozen features": Program((frozen(16, "tanh"), OUTPUT), SPARSE(), CLASSES),
    "a frozen output": Program((nn.Dense(16, "tanh"), frozen(3, "softmax")), SPARSE(), CLASSES),
}
OTHERS = {
    "lr_too_low": Program((HIDDEN, OUTPUT), SPARSE(), CLASSES, optimizer=nn.SGD(1e-5)),
    "dead_relu": Program(
        (nn.Dense(8, "relu", bias_initializer=nn.initializers.Constant(-50.0)), OUTPUT),
        SPARSE(),
        CLASSES,
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "nothing_trainable"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_weights_that_stay_are_named(cause, program):
    assert first(program) == cause


def test_where_tells_what_to_change():
    where = [program.diagnosis().findings[0].where for program in FAULTY.values()]
    assert where == [
        ("dense", "dense_1"),
        ("dense", "dense_1"),
        ("dense_1",),
        ("model",),
        ("optimizer",),
    ]


def test_rows_that_all_weigh_nothing_are_named():
    model = Program((HIDDEN, OUTPUT), SPARSE(), CLASSES).model()
    (found,) = nn.diagnose(model, X, CLASSES, epochs=2, sample_weight=np.zeros(len(X))).findings
    assert (found.cause, found.where) == ("nothing_trainable", ("training",))
    assert "all 200 training rows are 0" in found.evidence[0].text


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_model_of_nothing_but_frozen_layers_is_diagnosed_after_one_step(backend):
    model = nn.Sequential(
        [nn.Input((4,)), frozen(8, "tanh"), frozen(3, "softmax")], seed=0, backend=backend
    )
    model.compile("sgd", SPARSE())
    found = diagnosis(model, CLASSES, epochs=1, batch_size=len(CLASSES))
    assert causes(found) == ["nothing_trainable"]
