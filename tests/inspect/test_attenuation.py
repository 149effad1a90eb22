from __future__ import annotations

import numpy as np

import nnscratch as nn
from nnscratch.inspect.attenuation import attenuation


def tape_of(*layers: nn.Layer, inputs: int = 3) -> nn.Tape:
    model = nn.Sequential([nn.Input((inputs,)), *layers], backend="numpy", dtype="float64", seed=0)
    x = np.zeros((4, inputs))
    tape = model.forward(x, training=True)
    return model.backward(tape, np.ones_like(tape.outputs[0]))


def test_sigmoid_at_0_lets_a_quarter_through() -> None:
    assert attenuation(tape_of(nn.Sigmoid())) == {"sigmoid#0": 0.25}


def test_a_zero_layer_lets_nothing_through_and_nothing_comes_further() -> None:
    factors = attenuation(tape_of(nn.Sigmoid(), nn.Dense(2, kernel_initializer="zeros")))
    assert factors == {"sigmoid#0": None, "dense#0": 0.0}


def test_the_factors_multiply_along_a_chain() -> None:
    tape = tape_of(nn.Dense(5), nn.Tanh(), nn.Dense(2))
    product = np.prod(list(attenuation(tape).values()))
    (dx,) = tape["dense"].input_gradients
    ratio = np.linalg.norm(dx) / np.linalg.norm(tape["dense_1"].output_gradient)
    np.testing.assert_allclose(product, ratio)
