from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.inspect.ledger import places
from tests.backends import BACKEND
from tests.nets import conv_net, images

X, Y = images(32)


def booked(
    *layers: nn.Layer, learning_rate: float, epochs: int = 5, gradients: int = 2
) -> tuple[nn.Ledger, list[float]]:
    """The ledger of a small regression, and the loss before and after, of the only batch."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    options = {"backend": BACKEND, "dtype": "float64", "seed": 0, "store": nn.Store()}
    model = nn.Sequential([nn.Input((3,)), *layers], **options)
    model.compile(nn.SGD(learning_rate), "mse")
    ledger = nn.Ledger(gradients)
    before = model.evaluate(x, y)
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, callbacks=[ledger])
    return ledger, [before, model.evaluate(x, y)]


@pytest.fixture(scope="module")
def deep() -> nn.Ledger:
    """The ledger of a net with batch norm, dropout, learned slopes and a penalty."""
    model = nn.Sequential(
        [
            *(nn.Input((6, 6, 1)), nn.Conv2D(4, 3, kernel_regularizer="l2")),
            *(
                nn.BatchNormalization(),
                nn.PReLU(name="slopes"),
                nn.Dropout(0.5),
                nn.Flatten(),
                nn.Dense(3),
            ),
        ],
        backend=BACKEND,
        dtype="float64",
        seed=0,
    )
    model.compile(nn.SGD(0.01), nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    ledger = nn.Ledger()
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=ledger)
    return ledger


def test_an_empty_ledger_says_so() -> None:
    empty = nn.Ledger()
    assert str(empty) == empty._repr_html_() == "Ledger: nothing is booked yet"
    assert empty.total == empty.real == 0


def test_is_exact_where_the_loss_is_a_parabola() -> None:
    ledger, (before, after) = booked(nn.Dense(1), learning_rate=0.3)
    assert ledger.total == pytest.approx(after - before, abs=1e-12)
    assert ledger.real == pytest.approx(after - before, abs=1e-12)
    assert ledger.residual == pytest.approx(0, abs=1e-12)
    assert abs(ledger.first_order - ledger.real) > 0.1 * abs(ledger.real)


def test_is_close_elsewhere() -> None:
    layers = nn.Dense(8, activation="tanh"), nn.Dense(1)
    ledger, _ = booked(*layers, learning_rate=0.05)
    assert ledger.total == pytest.approx(ledger.real, rel=0.01)


@pytest.mark.parametrize(("gradients", "order"), [(2, 3), (3, 5)])
def test_what_it_misses_is_of_an_order_that_grows_with_its_gradients(
    gradients: int, order: int
) -> None:
    def book(learning_rate: float) -> nn.Ledger:
        layers = nn.Dense(8, activation="tanh"), nn.Dense(1)
        return booked(*layers, learning_rate=learning_rate, epochs=1, gradients=gradients)[0]

    whole, half = book(0.01), book(0.005)
    assert np.log2(whole.residual / half.residual) == pytest.approx(order, abs=0.3)
    starts = [ledger.real - ledger.first_order for ledger in (whole, half)]
    assert np.log2(starts[0] / starts[1]) == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_rule_is_exact_for_polynomials(count: int) -> None:
    where, weights = places(count)
    for degree in range(2 * count - 2):
        assert np.sum(weights * where**degree) == pytest.approx(1 / (degree + 1), rel=1e-12)


@pytest.mark.parametrize("gradients", [0, -1, 1.5, True, None])
def test_a_number_of_gradients_that_makes_no_sense_is_refused(gradients: Any) -> None:
    with pytest.raises(nn.NNError, match="Ledger gradients: expected a whole number >= 1"):
        nn.Ledger(gradients)


def test_the_number_of_places_may_be_numpys() -> None:
    assert nn.Ledger(np.int64(3)).gradients == 3


def test_with_one_gradient_the_entries_are_of_first_order() -> None:
    layers = nn.Dense(8, activation="tanh"), nn.Dense(1)
    both, _ = booked(*layers, learning_rate=0.05)
    first, _ = booked(*layers, learning_rate=0.05, gradients=1)
    assert first.total == first.first_order == pytest.approx(both.first_order)
    assert math.isnan(first.real)
    assert "\nreal change" in str(both)
    assert "\nreal change" not in str(first)


def test_books_on_what_moved_alone() -> None:
    silent = nn.Dense(4, kernel_initializer="zeros", activation="relu")
    ledger, _ = booked(silent, nn.Dense(1, kernel_initializer="zeros"), learning_rate=0.1)
    shares = ledger.shares()
    assert shares.pop("dense_1/bias") == 1.0
    assert set(shares.values()) == {0.0}


def test_shares_are_0_where_nothing_changed() -> None:
    ledger, _ = booked(nn.Dense(1), learning_rate=0.0)
    assert set(ledger.shares().values()) == {0.0}


def test_the_second_gradient_sees_the_same_masks() -> None:
    model = conv_net(optimizer=nn.SGD(0.0), dtype="float64")
    ledger = nn.Ledger()
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=ledger)
    assert ledger.real == 0.0


def test_the_residual_is_small_with_dropout_and_batch_norm(deep: nn.Ledger) -> None:
    assert abs(deep.residual) < 0.01 * abs(deep.real)


def test_groups_follow_from_roles_and_shapes(deep: nn.Ledger) -> None:
    entries = deep.entries
    assert deep.groups == pytest.approx(
        {
            "kernels": entries["conv2d/kernel"] + entries["dense/kernel"],
            "biases": entries["conv2d/bias"] + entries["dense/bias"],
            "norm parameters": entries["batch_normalization/gamma"]
            + entries["batch_normalization/beta"],
            "others": entries["slopes/alpha"],
        }
    )
    assert sum(deep.groups.values()) == pytest.approx(deep.total)


def test_courses_end_at_the_sums_and_groups_are_made_of_their_members(deep: nn.Ledger) -> None:
    assert deep.steps == list(range(8))
    for path, entry in deep.entries.items():
        assert deep.course(path)[-1] == pytest.approx(entry)
    kernels = deep.course("conv2d/kernel") + deep.course("dense/kernel")
    np.testing.assert_allclose(deep.course("kernels"), kernels)
    assert deep.course("total")[-1] == pytest.approx(deep.total)
    assert deep.course("real")[-1] == pytest.approx(deep.real)
    np.testing.assert_allclose(deep.course("total"), deep.course("real"), rtol=0.01)
    with pytest.raises(nn.UnknownNameError, match="did you mean 'dense/kernel'"):
        deep.course("dense/kernal")


def test_what_was_not_trained_in_a_step_has_an_entry_of_0() -> None:
    model, ledger = conv_net(), nn.Ledger()
    model.freeze("dense")
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=ledger)
    model.unfreeze("dense")
    model.freeze("conv2d")
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=ledger)
    assert ledger.course("dense/kernel").shape == ledger.course("conv2d/kernel").shape == (4,)
    assert list(ledger.course("dense/kernel") == 0) == [True, True, False, False]
    assert list(np.diff(ledger.course("conv2d/kernel")) == 0) == [False, True, True]


def test_the_table_has_every_parameter_under_its_group(deep: nn.Ledger) -> None:
    lines = str(deep).splitlines()
    assert lines[0] == "learning ledger of 8 steps, 0 to 7"
    assert max(map(len, lines)) <= 80
    names = ["kernels", "  conv2d/kernel", "biases", "  dense/bias", "norm parameters", "others"]
    places = [[i for i, x in enumerate(lines) if x.startswith(f"{name} ")] for name in names]
    assert [len(place) for place in places] == [1] * len(names)
    assert places == sorted(places)
    assert deep._repr_html_().count("<tr>") == 1 + 4 + 7 + 3 + 1


def test_goes_on_from_its_state_as_if_nothing_had_happened() -> None:
    model, whole = conv_net(), nn.Ledger()
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=whole)
    half = nn.Ledger()
    half.restore(whole.state())
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=[whole, half])
    assert str(half) == str(whole)
    assert half.steps == whole.steps == list(range(8))
    for name in ("real", *half.entries):
        np.testing.assert_array_equal(half.course(name), whole.course(name))


def test_a_step_that_is_given_up_is_not_booked() -> None:
    model, ledger = conv_net(), nn.Ledger()

    def give_up(step: nn.Step) -> None:
        if step.index == 1:
            raise KeyboardInterrupt

    late = nn.LambdaCallback(on_step=give_up)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=16, verbose=0, callbacks=[ledger, late])
    assert ledger.steps == [0]
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=ledger)
    assert ledger.steps == [0, 1, 2]
    assert len(ledger.course("total")) == len(ledger.course("real")) == 3
