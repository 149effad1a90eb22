from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nnscratch import losses
from nnscratch.backend import get_backend
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.context import Context
from nnscratch.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    Contrastive,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    Poisson,
    SquaredHinge,
)
from nnscratch.losses.base import Reduced
from tests.backends import BACKEND

pytestmark = pytest.mark.host("losses are called by hand, on NumPy's arrays")

CTX = Context(get_backend(BACKEND))


def terms(loss: Any, y_pred: list[float], y_true: list[float]) -> tuple[list[float], list[float]]:
    """The value and the derivative of each number, as if it were a row by itself."""
    columns = [np.array(numbers, float)[:, None] for numbers in (y_pred, y_true)]
    values, derivative = loss.values(CTX, *columns)
    return values.tolist(), derivative[:, 0].tolist()


# -- arithmetic -------------------------------------------------------------------------------


def test_huber_is_a_parabola_between_two_lines() -> None:
    assert terms(Huber(2), [-5, -2, 1, 2, 4], [0] * 5) == ([8, 2, 0.5, 2, 6], [-2, -2, 1, 2, 2])


def test_log_cosh_does_not_overflow() -> None:
    values, slopes = terms(LogCosh(), [0, 1, -2000], [0] * 3)
    assert values == pytest.approx([0, math.log(math.cosh(1)), 2000 - math.log(2)])
    assert slopes == pytest.approx([0, math.tanh(1), -1])


def test_poisson_is_least_at_the_truth() -> None:
    values, slopes = terms(Poisson(), [3, 2, 0], [3, 3, 0])
    assert values == pytest.approx([3 - 3 * math.log(3), 2 - 3 * math.log(2), 0], abs=1e-6)
    assert slopes == pytest.approx([0, -0.5, 1], abs=1e-6)


@pytest.mark.parametrize("no", [0, -1])
def test_a_hinge_is_flat_beyond_its_margin(no: int) -> None:
    y_pred, y_true = [2, 1, 0.5, -3, 0.5], [1, 1, 1, no, no]
    assert terms(Hinge(), y_pred, y_true) == ([0, 0, 0.5, 0, 1.5], [0, 0, -1, 0, 1])
    assert terms(SquaredHinge(), y_pred, y_true) == ([0, 0, 0.25, 0, 2.25], [0, 0, -1, 0, 3])


def test_categorical_hinge_compares_with_the_largest_wrong_one() -> None:
    y_pred = np.array([[1.0, 3, 2.5], [5, 3, 4], [-2, -3, -4], [1, 2, 2]])
    y_true = np.eye(3)[[1, 0, 0, 0]]
    values, derivative = CategoricalHinge().values(CTX, y_pred, y_true)
    assert_array_equal(values, [0.5, 0, 3, 2])  # in the third row the right class's 0 is largest
    assert_array_equal(derivative, [[0, -1, 1], [0, 0, 0], [-1, 0, 0], [-1, 1, 0]])


def test_contrastive_draws_together_and_pushes_as_far_as_the_margin() -> None:
    values, slopes = terms(Contrastive(2), [3, 1.5, 3, 0], [1, 0, 0, 0])
    assert values == [9, 0.25, 0, 4]
    assert slopes == [6, -1, 0, -4]


def test_kl_divergence_is_0_of_equal_distributions_and_teaches_nothing_where_it_clips() -> None:
    y_true = np.array([[0.5, 0.5], [1, 0], [1, 0]])
    y_pred = np.array([[0.5, 0.5], [0.25, 0.75], [0, 1]])
    values, derivative = KLDivergence().values(CTX, y_pred, y_true)
    assert_allclose(values, [0, math.log(4), math.log(1e7)], atol=2e-6)
    assert_allclose(derivative[:2], [[-1, -1], [-4, 0]], atol=1e-6)
    assert derivative[2, 0] == 0


def test_smoothed_targets_are_never_certain() -> None:
    p, label = np.array([[0.3, 0.7]]), np.array([[0.0, 1.0]])
    for loss, target in [
        (BinaryCrossentropy, np.array([[0.05, 0.95]])),
        (CategoricalCrossentropy, np.array([[0.05, 0.95]])),
        (BinaryFocalCrossentropy, np.array([[0.05, 0.95]])),
        (CategoricalFocalCrossentropy, np.array([[0.05, 0.95]])),
    ]:
        smoothed, dy = loss(label_smoothing=0.1)(CTX, p, label)
        expected, slope = loss()(CTX, p, target)
        assert_allclose(smoothed, expected)
        assert_allclose(dy, slope)
    four = CategoricalCrossentropy(label_smoothing=0.2)
    p, label = np.full((1, 4), 0.25), np.eye(4)[:1]
    assert_allclose(
        four(CTX, p, label)[1], CategoricalCrossentropy()(CTX, p, 0.8 * label + 0.05)[1]
    )


def test_a_focal_loss_without_focus_is_the_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    p, label = rng.uniform(0.1, 0.9, (5, 3)), np.eye(3)[[0, 1, 2, 1, 0]]
    for focal, plain in [
        (BinaryFocalCrossentropy(gamma=0), BinaryCrossentropy()),
        (CategoricalFocalCrossentropy(alpha=1, gamma=0), CategoricalCrossentropy()),
    ]:
        value, dy = focal(CTX, p, label)
        expected, slope = plain(CTX, p, label)
        assert_allclose(value, expected)
        assert_allclose(dy, slope)


def test_a_focal_loss_by_hand() -> None:
    values, _ = terms(BinaryFocalCrossentropy(gamma=3), [0.8, 0.8], [1, 0])
    assert values == pytest.approx([0.2**3 * -math.log(0.8), 0.8**3 * -math.log(0.2)])
    balanced = BinaryFocalCrossentropy(True, alpha=0.1, gamma=3)
    weighted, _ = terms(balanced, [0.8, 0.8], [1, 0])
    assert weighted == pytest.approx([0.1 * values[0], 0.9 * values[1]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gamma", [0, 0.5, 2])
def test_a_focal_loss_of_a_right_certainty_is_no_nan(gamma: float) -> None:
    values, slopes = terms(BinaryFocalCrossentropy(gamma=gamma), [1, 0], [1, 0])
    assert_allclose(values, 0, atol=1e-6)
    assert np.isfinite(slopes).all()


# -- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(0), "huber delta: expected a finite number > 0"),
        (lambda: Contrastive(-1), "contrastive margin: expected a finite number > 0"),
        (lambda: Poisson(epsilon=0), "poisson epsilon"),
        (lambda: KLDivergence(epsilon=1), "kl_divergence epsilon"),
        (lambda: BinaryCrossentropy(label_smoothing=1.5), "label_smoothing: .* <= 1"),
        (lambda: BinaryFocalCrossentropy(gamma=-1), "gamma: expected a finite number >= 0"),
        (lambda: BinaryFocalCrossentropy(alpha=-1), "alpha: expected a finite number >= 0"),
        (lambda: CategoricalFocalCrossentropy(label_smoothing=2), "label_smoothing"),
        (lambda: CategoricalFocalCrossentropy(epsilon=0.5), "epsilon"),
    ],
)
def test_arguments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_each_loss_goes_by_its_own_name() -> None:
    kinds: list[type[Loss]] = [Reduced]
    for kind in kinds:
        kinds += kind.__subclasses__()
    own = {kind for kind in kinds if kind.__module__.startswith("nnscratch.losses.")}
    named = {kind for kind in own if isinstance(vars(kind).get("name"), str)} - {losses.CustomLoss}
    assert named == set(losses.NAMES.values())
    for kind in named:
        assert losses.get(kind.name) == losses.get(kind.__name__) == kind()


# -- parity -----------------------------------------------------------------------------------


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_computes_the_same(dtype: str) -> None:
    import torch
    import torch.nn.functional as F  # noqa: N812 (the name that everybody gives it)

    rng = np.random.default_rng(0)
    y_pred = rng.uniform(0.1, 0.9, (5, 4)).astype(dtype)
    y_true = rng.dirichlet(np.ones(4), 5).astype(dtype)
    for loss, theirs in [
        (Huber(0.2), lambda y, t: F.huber_loss(y, t, delta=0.2)),
        (Poisson(), lambda y, t: F.poisson_nll_loss(y, t, log_input=False, eps=1e-7)),
        (KLDivergence(), lambda y, t: F.kl_div(y.log(), t, reduction="batchmean")),
        (
            CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
            lambda y, t: F.cross_entropy(y, t, label_smoothing=0.2),
        ),
    ]:
        y = torch.tensor(y_pred, requires_grad=True)
        reference = theirs(y, torch.tensor(y_true))
        reference.backward()
        value, dy = loss(CTX, y_pred, y_true)
        rtol = {"float32": 2e-5, "float64": 1e-12}[dtype]
        assert_allclose(value, reference.item(), rtol=rtol)
        assert y.grad is not None
        assert_allclose(dy, y.grad.numpy(), rtol=rtol, atol=rtol / 10)
