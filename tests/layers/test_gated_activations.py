from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch.core.layer import Layer
from nnscratch.layers import GELU, Activation, Dense, LogSoftmax, SiLU
from tests.layers.test_activation_layers import forward, slope
from tests.layers.test_torch_parity import compare


def test_silu_by_hand() -> None:
    assert forward(SiLU(), 0, math.log(3)) == pytest.approx([0, 0.75 * math.log(3)])
    assert slope(SiLU(), 0, math.log(3)) == pytest.approx([0.5, 0.75 * (1 + 0.25 * math.log(3))])


def test_gelu_weighs_by_the_normal_distribution() -> None:
    below = 0.8413447460685429  # one standard deviation
    assert forward(GELU(), -1, 0, 1) == pytest.approx([below - 1, 0, below])
    assert slope(GELU(), 0, 1) == pytest.approx(
        [0.5, below + math.exp(-0.5) / math.sqrt(2 * math.pi)]
    )


def test_the_approximate_gelu_is_near(rng: np.random.Generator) -> None:
    x = 3 * rng.standard_normal(50)
    exact, near = np.array(forward(GELU(), *x)), np.array(forward(GELU(True), *x))
    assert 0 < np.max(np.abs(exact - near)) < 1e-3


def test_log_softmax_has_shares_too_small_for_a_float() -> None:
    assert forward(LogSoftmax(), 0, 0) == pytest.approx([-math.log(2)] * 2)
    assert forward(LogSoftmax(), 0, 2000) == [-2000, 0]


@pytest.mark.parametrize("layer", [SiLU(), GELU(), GELU(approximate=True), LogSoftmax()], ids=repr)
def test_nan_stays(layer: Layer) -> None:
    assert np.isnan(forward(layer, np.nan)).all()
    assert np.isnan(slope(layer, np.nan)).all()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gelu", GELU), ("silu", SiLU), ("swish", SiLU), ("log_softmax", LogSoftmax)],
)
def test_names(name: str, kind: type[Layer]) -> None:
    assert type(Dense(2, activation=name).activation) is kind
    assert forward(Activation(name), 0.3, -0.7) == forward(kind(), 0.3, -0.7)


@pytest.mark.parity
def test_against_pytorch(rng: np.random.Generator) -> None:
    import torch.nn.functional as functional

    x = 3 * rng.standard_normal((4, 6))
    compare(SiLU(), lambda x: functional.silu(x), x)
    compare(GELU(), lambda x: functional.gelu(x), x)
    compare(GELU(True), lambda x: functional.gelu(x, approximate="tanh"), x)
    compare(LogSoftmax(1), lambda x: functional.log_softmax(x, 1), x)
