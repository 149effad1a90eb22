"""One batch learned by heart tells faults of the network from those of the data."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.doctor.nets import RNG, YES, X, net


def test_a_sound_network_learns_even_wrong_labels_by_heart():
    model = net(nn.Dense(16, "relu"), nn.Dense(1, "sigmoid"), loss="bce")
    before = model.get_weights()
    found = nn.overfit_one_batch(model, X, RNG.permutation(YES), batch_size=20)
    assert found.fits
    assert found.rows == 20
    assert found.last_loss < found.first_loss / 10
    assert "learned by heart: the wiring" in str(found)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert model.iteration == 0


@pytest.mark.parametrize(
    ("last", "optimizer"),
    [(nn.Dense(1, "softmax"), nn.Adam(0.01)), (nn.Dense(1, "sigmoid"), nn.SGD(1e-6))],
)
def test_a_faulty_one_does_not(last, optimizer):
    found = nn.overfit_one_batch(net(last, loss="bce", optimizer=optimizer), X, YES, steps=100)
    assert not found.fits
    assert "not learned by heart" in str(found)


def test_a_number_of_steps_is_positive():
    with pytest.raises(nn.NNError, match="overfit_one_batch steps"):
        nn.overfit_one_batch(net(nn.Dense(1), loss="mse"), X, YES, steps=0)
