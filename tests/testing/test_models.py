"""Gradient checks of whole networks: models, frozen layers, losses through a small net."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import get_backend
from nnscratch.kernels.ops import Array
from nnscratch.testing import Verdict, check_gradients
from tests.backends import BACKEND, BACKENDS

CLASSES = 4


def small_net(last: str | None, backend: str, dtype: str = "float32") -> nn.Model:
    """Convolution, batch normalisation, pooling and dense: kinks, state and a bias of no use."""
    x = nn.Input((6, 6, 2))
    y = nn.Conv2D(3, 3, padding="same")(x)
    y = nn.BatchNormalization()(y)
    y = nn.MaxPooling2D()(nn.ReLU()(y))
    y = nn.Dense(CLASSES, activation=last)(nn.Flatten()(y))
    return nn.Model(x, y, backend=backend, dtype=dtype, seed=0)


def one_hot(labels: Array) -> Array:
    return np.eye(CLASSES)[labels]


LABELS = np.array([0, 3, 1])
NUMBERS = np.random.default_rng(0).standard_normal((3, CLASSES))
LOSSES = [
    (nn.losses.MeanSquaredError(), "tanh", NUMBERS),
    (nn.losses.MeanAbsoluteError(), None, NUMBERS),
    (nn.losses.BinaryCrossentropy(), "sigmoid", one_hot(LABELS)),
    (nn.losses.BinaryCrossentropy(from_logits=True), None, one_hot(LABELS)),
    (nn.losses.CategoricalCrossentropy(), "softmax", one_hot(LABELS)),
    (nn.losses.CategoricalCrossentropy(from_logits=True), None, one_hot(LABELS)),
    (nn.losses.SparseCategoricalCrossentropy(), "softmax", LABELS),
    (nn.losses.SparseCategoricalCrossentropy(from_logits=True), None, LABELS),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_model_is_checked_whole_on_its_own_backend(backend: str) -> None:
    report = check_gradients(small_net("elu", backend))
    assert report.subject == f"model on {backend}"
    verdicts = {d.name: d.verdict for d in report.derivatives}
    assert verdicts.pop("conv2d/bias") is Verdict.ZERO
    assert set(verdicts.values()) == {Verdict.PASSED}
    assert "dense/kernel" in verdicts
    assert "batch_normalization/moving_mean" not in verdicts


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("loss", "last", "target"), LOSSES, ids=[f"{loss!r}" for loss, _, _ in LOSSES]
)
def test_every_loss_through_a_net(
    loss: nn.losses.Loss, last: str | None, target: Array, weighted: bool, backend: str
) -> None:
    weight = np.array([0.5, 2.0, 1.0]) if weighted else None
    move = get_backend(backend).from_host
    value = partial(
        loss, y_true=move(target), sample_weight=None if weight is None else move(weight)
    )
    check_gradients(small_net(last, backend), loss=value).assert_passed()


def test_a_model_stays_as_it_is() -> None:
    model = small_net(None, "numpy")
    before = {path: value.copy() for path, value in model.params.items()}
    check_gradients(model).assert_passed()
    for path, value in model.params.items():
        np.testing.assert_array_equal(value, before[path])


def test_a_model_can_be_checked_where_it_stands() -> None:
    model = small_net("tanh", "numpy")
    kernel, bias = model.params["dense/kernel"], model.params["dense/bias"]
    model.set_weights({"dense/kernel": 0 * kernel, "dense/bias": bias + 1})
    report = check_gradients(model, params=model.params)
    assert report["dense/kernel"].verdict is Verdict.PASSED
    # Nothing comes through a kernel of zeros, though it would through another one.
    assert report["conv2d/kernel"].verdict is Verdict.ZERO
    assert report["dense/bias"].verdict is Verdict.PASSED


def test_frozen_batch_normalisation_is_checked_as_it_infers() -> None:
    model = small_net(None, "numpy")
    assert check_gradients(model)["conv2d/bias"].verdict is Verdict.ZERO
    model.freeze("batch_normalization")
    assert check_gradients(model)["conv2d/bias"].verdict is Verdict.PASSED


def test_a_siamese_model_shares_its_embedder() -> None:
    image = nn.Input((5, 5, 1))
    embedder = nn.Model(
        image, nn.Dense(3)(nn.Flatten()(nn.Conv2D(2, 2)(image))), name="embedder", seed=0
    )
    a, b = nn.Input((5, 5, 1)), nn.Input((5, 5, 1))
    model = nn.Model([a, b], nn.L2Distance()(embedder(a), embedder(b)), backend=BACKEND, seed=0)
    report = check_gradients(model)
    names = {derivative.name for derivative in report.derivatives}
    assert {"input 0", "input 1", "embedder/conv2d/kernel"} <= names
    # A common bias moves both embeddings alike: the distance does not see it.
    assert report["embedder/dense/bias"].verdict is Verdict.ZERO
    report.assert_passed()


def test_a_sequential_without_an_input_takes_it_from_x() -> None:
    model = nn.Sequential([nn.Dense(3, activation="tanh"), nn.Dense(2)], backend=BACKEND, seed=0)
    check_gradients(model, np.ones((2, 4))).assert_passed()
