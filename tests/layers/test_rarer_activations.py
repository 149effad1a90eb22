from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.layers import (
    SELU,
    Activation,
    Dense,
    Exponential,
    HardSigmoid,
    Softplus,
    Softsign,
)
from tests.backends import BACKEND
from tests.layers.test_activation_layers import forward, slope
from tests.layers.test_torch_parity import compare

INF = math.inf


def test_softplus_by_hand() -> None:
    assert forward(Softplus(), 0, math.log(3)) == pytest.approx([math.log(2), math.log(4)])
    assert slope(Softplus(), 0, math.log(3)) == pytest.approx([1 / 2, 3 / 4])


def test_softplus_neither_overflows_nor_loses_its_small_values() -> None:
    assert forward(Softplus(), -INF, 1000, INF) == [0, 1000, INF]
    assert forward(Softplus(), -40) == pytest.approx([math.exp(-40)], rel=1e-14)
    assert slope(Softplus(), -40, 1000) == pytest.approx([math.exp(-40), 1], rel=1e-14)


def test_softsign_by_hand() -> None:
    assert forward(Softsign(), -1, 0, 3) == [-1 / 2, 0, 3 / 4]
    assert slope(Softsign(), -1, 0, 3) == [1 / 4, 1, 1 / 16]


def test_the_exponential_is_its_own_slope_and_overflows() -> None:
    assert forward(Exponential(), 0, 2) == pytest.approx([1, math.exp(2)])
    assert slope(Exponential(), 0, 2) == pytest.approx([1, math.exp(2)])
    with np.errstate(over="ignore"):
        y = run_layer(Exponential(), np.float32([[88.7, 88.8]]), backend=BACKEND).output
    assert np.isfinite(y).tolist() == [[True, False]]


def test_hard_sigmoid_is_flat_outside() -> None:
    assert forward(HardSigmoid(), -4, -3, 0, 3, 4) == [0, 0, 0.5, 1, 1]
    assert slope(HardSigmoid(), -4, -3, 0, 3, 4) == [0, 0, 1 / 6, 0, 0]


@pytest.mark.parametrize(
    "layer", [Softplus(), Softsign(), Exponential(), SELU(), HardSigmoid()], ids=repr
)
def test_nan_stays(layer: Layer) -> None:
    assert np.isnan(forward(layer, np.nan)).all()
    assert np.isnan(slope(layer, np.nan)).all()


@pytest.mark.parametrize(
    ("layer", "steepest"),
    [(Softplus(), 50), (Softsign(), 0), (SELU(), -1e-300), (HardSigmoid(), 0)],
    ids=repr,
)
def test_is_saturated_where_its_slope_is_a_hundredth_of_the_largest(
    layer: Layer, steepest: float
) -> None:
    assert layer.saturation is not None
    low, high = layer.saturation
    x = np.linspace(-19, 19, 7000)  # not at the kinks themselves
    y = np.array(forward(layer, *x))
    flat = np.array(slope(layer, *x)) < slope(layer, steepest)[0] / 100
    np.testing.assert_array_equal((y <= low) | (y >= high), flat)
    assert 0 < np.mean(flat) < 1


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("softplus", Softplus()),
        ("softsign", Softsign()),
        ("exponential", Exponential()),
        ("selu", SELU()),
        ("hard_sigmoid", HardSigmoid()),
    ],
)
def test_names(rng: np.random.Generator, name: str, layer: Layer) -> None:
    x = rng.standard_normal((3, 5))
    named = run_layer(Activation(name), x, backend=BACKEND).output
    np.testing.assert_array_equal(named, run_layer(layer, x, backend=BACKEND).output)
    assert type(Dense(2, activation=name).activation) is type(layer)


@pytest.mark.parity
def test_against_pytorch(rng: np.random.Generator) -> None:
    import torch.nn.functional as functional

    x = 3 * rng.standard_normal((4, 6))
    compare(Softplus(), lambda x: functional.softplus(x), x)
    compare(Softsign(), lambda x: functional.softsign(x), x)
    compare(Exponential(), lambda x: x.exp(), x)
    compare(SELU(), lambda x: functional.selu(x), x)
    compare(HardSigmoid(), lambda x: functional.relu6(x + 3) / 6, x)
