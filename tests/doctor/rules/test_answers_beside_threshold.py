from __future__ import annotations

import nnscratch as nn
from nnscratch.initializers import Constant
from tests.doctor.nets import HIDDEN, YES, Program, complaints, first

LOGITS = nn.losses.BinaryCrossentropy(from_logits=True)


def program(bias: float, epochs: int) -> Program:
    """Its answers begin so far from the threshold, which is 0."""
    last = nn.Dense(1, bias_initializer=Constant(bias))
    return Program((HIDDEN, last), LOGITS, YES, epochs=epochs)


def test_comes_first():
    found = program(-1.5, epochs=2).diagnosis().findings[0]
    assert found.cause == "answers_beside_threshold"
    assert found.certainty.name == "likely"
    assert found.where == ("dense_1", "metrics")
    assert found.evidence[0].numbers["ranked"] > 0.9
    assert [one.cause for one in found.consequences] == ["too_few_updates"]


def test_is_gone_when_the_threshold_lies_among_the_answers():
    assert complaints(program(-1.5, epochs=10)) == []
    assert complaints(program(0.0, epochs=10)) == []


def test_a_loss_above_that_of_a_constant_says_that_the_steps_were_too_few():
    assert first(program(-3.0, epochs=2)) == "too_few_updates"
