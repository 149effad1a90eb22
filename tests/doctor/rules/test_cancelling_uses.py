from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.backends import BACKEND
from tests.doctor.nets import BINARY, RNG, causes

LEFT = RNG.standard_normal((200, 4)).astype(np.float32)
ALIKE = RNG.random(200) < 0.5
RIGHT = np.where(ALIKE[:, None], LEFT + 0.1 * RNG.standard_normal((200, 4)), LEFT[::-1])
POSITIVE = LEFT[:, 0] > 0


def siamese(optimizer: nn.optimizers.Optimizer) -> nn.Model:
    left, right = nn.Input((4,)), nn.Input((4,))
    embed = nn.Dense(8, "tanh", name="embed")
    apart = nn.Subtract()(embed(left), embed(right))
    y = nn.Dense(1, "sigmoid")(nn.Dense(16, "tanh")(apart))
    model = nn.Model([left, right], y, seed=0, backend=BACKEND)
    model.compile(optimizer, BINARY())
    return model


def diagnosed(right: np.ndarray, y: np.ndarray, optimizer: nn.optimizers.Optimizer):
    rows = [LEFT, right.astype(np.float32)]
    return nn.diagnose(siamese(optimizer), rows, y.astype(np.float32), epochs=40)


def test_two_uses_that_read_the_same_rows_undo_each_other():
    (finding, *_) = diagnosed(LEFT, POSITIVE, nn.Adam(0.02)).findings
    assert finding.cause == "cancelling_uses"
    assert finding.where == ("embed",)
    assert finding.evidence[0].numbers["cancellation"] > 0.999


def test_uses_that_read_different_rows_are_well():
    assert causes(diagnosed(RIGHT, ALIKE, nn.Adam(0.02))) == []


def test_another_reason_for_pairs_that_are_not_told_apart_is_named():
    assert causes(diagnosed(RIGHT, ALIKE, nn.SGD(1e-6)))[0] == "lr_too_low"


def there_and_back(activation: str | None) -> nn.Model:
    """A layer of the difference added to itself of the difference with the other sign."""
    left, right = nn.Input((4,)), nn.Input((4,))
    shared = nn.Dense(16, activation, name="shared")
    both = nn.Add()(shared(nn.Subtract()(left, right)), shared(nn.Subtract()(right, left)))
    y = nn.Dense(1, "sigmoid")(nn.Dense(16, "relu")(both))
    model = nn.Model([left, right], y, seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.01), BINARY())
    return model


def test_uses_whose_outputs_cancel_are_named_though_no_gradient_comes_to_them():
    rows, y = [LEFT, RIGHT.astype(np.float32)], ALIKE.astype(np.float32)
    (finding, *_) = nn.diagnose(there_and_back(None), rows, y, epochs=20, budget=0).findings
    assert (finding.cause, finding.where) == ("cancelling_uses", ("shared",))
    assert finding.evidence[0].numbers["end"] < 0.001
    assert causes(nn.diagnose(there_and_back("relu"), rows, y, epochs=20, budget=0)) == []
