"""What is said of a training that failed where no rule is sure."""

from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import BINARY, HIDDEN, YES, Program, X, complaints

OUTPUT = nn.Dense(1, "sigmoid")
RNG = np.random.default_rng(7)
BITS = RNG.integers(0, 2, (1500, 12)).astype(np.float32) * 2 - 1
PARITY = (BITS.prod(axis=1) > 0).astype(np.float32)


def test_the_only_cause_that_fits_a_failure_is_likely():
    program = Program(
        (nn.Dense(16, "relu"), OUTPUT), BINARY(), PARITY, BITS, nn.SGD(0.01), 30, batch_size=32
    )
    (finding,) = program.diagnosis().findings
    assert (finding.cause, finding.certainty.name) == ("capacity", "likely")
    assert "no other fits" in finding.evidence[-1].text


def test_where_nothing_fits_the_nearest_cause_is_possible_and_says_who_learned():
    model = Program((HIDDEN, OUTPUT), BINARY(), YES).model()
    found = nn.diagnose(model, X, YES, epochs=20, class_weight={0: 1.0, 1: 300.0}, budget=0)
    (finding,) = found.findings
    assert (finding.cause, finding.certainty.name) == ("capacity", "possible")
    assert "from the biases" in finding.evidence[-1].text
    assert found.healthy


def test_a_training_that_learned_is_left_alone():
    assert complaints(Program((HIDDEN, OUTPUT), BINARY(), YES)) == []
