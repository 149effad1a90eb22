from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.inspect.ledger import Ledger


def booked(*layers: nn.Layer, learning_rate: float, epochs: int = 5) -> tuple[Ledger, list[float]]:
    """The ledger of a small regression, and the loss before and after, of the only batch."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    model = nn.Sequential([nn.Input((3,)), *layers], backend="numpy", dtype="float64", seed=0)
    model.compile(nn.SGD(learning_rate), "mse")
    ledger = Ledger()
    before = model.evaluate(x, y)
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, callbacks=[ledger])
    return ledger, [before, model.evaluate(x, y)]


def test_is_exact_where_the_loss_is_a_parabola() -> None:
    ledger, (before, after) = booked(nn.Dense(1), learning_rate=0.3)
    assert ledger.total == pytest.approx(after - before, abs=1e-12)
    assert ledger.real == pytest.approx(after - before, abs=1e-12)
    assert abs(ledger.first_order - ledger.real) > 0.1 * abs(ledger.real)


def test_is_close_elsewhere() -> None:
    layers = nn.Dense(8, activation="tanh"), nn.Dense(1)
    ledger, _ = booked(*layers, learning_rate=0.05)
    assert ledger.total == pytest.approx(ledger.real, rel=0.01)


def test_books_on_what_moved_alone() -> None:
    silent = nn.Dense(4, kernel_initializer="zeros", activation="relu")
    ledger, _ = booked(silent, nn.Dense(1, kernel_initializer="zeros"), learning_rate=0.1)
    shares = ledger.shares()
    assert shares.pop("dense_1/bias") == 1.0
    assert set(shares.values()) == {0.0}


def test_shares_are_0_where_nothing_changed() -> None:
    ledger, _ = booked(nn.Dense(1), learning_rate=0.0)
    assert set(ledger.shares().values()) == {0.0}
