"""Layers and graphs that cannot be are refused where they are made, with the repair."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import BackendError
from nnscratch.core.errors import DTypeError, GraphError, NNError, ShapeError, UnknownNameError
from tests.backends import BACKEND


def dense_model(**options):
    return nn.Sequential([nn.Input((3,)), nn.Dense(2)], **{"backend": BACKEND, "seed": 0} | options)


def waiting_model(**options):
    return nn.Sequential([nn.Dense(2)], **{"backend": BACKEND} | options)


def functional_model(**options):
    x = nn.Input((3,))
    return nn.Model(x, nn.Dense(2)(x), **{"backend": BACKEND} | options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dtype": "float16"}, NNError, "dtype must be 'float32' or 'float64', got 'float16'"),
        ({"dtype": "double64"}, NNError, "dtype must be 'float32' or 'float64', got 'double64'"),
        ({"dtype": None}, NNError, "dtype must be 'float32' or 'float64', got None"),
        ({"seed": -1}, NNError, "seed: expected a whole number >= 0, got -1"),
        ({"seed": 0.5}, NNError, "seed: expected a whole number >= 0, got 0.5"),
        ({"seed": True}, NNError, "seed: expected a whole number >= 0, got True"),
        ({"backend": "nunpy"}, UnknownNameError, "unknown backend 'nunpy': did you mean 'numpy'?"),
        ({"backends": "numpy"}, TypeError, "unexpected keyword argument 'backends'"),
    ],
)
@pytest.mark.parametrize("make", [dense_model, functional_model, waiting_model])
def test_options_of_a_model(options, error, message, make):
    with pytest.raises(error, match=re.escape(message)):
        make(**options)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_seed_of_all_models(seed):
    with pytest.raises(NNError, match="set_seed seed: expected a whole number >= 0"):
        nn.set_seed(seed)


@pytest.mark.host("there is a GPU, or what stands for it")
def test_backend_that_this_machine_lacks():
    """Without a GPU, or before its kernels exist, the reason is told."""
    installed = importlib.util.find_spec("cupy") is not None
    reason = "GPU" if installed else "CuPy is not installed"
    with pytest.raises(BackendError, match=rf"backend 'cupy': .*{reason}.*choose backend='numba'"):
        dense_model(backend="cupy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Dense(3, activaton="relu"), "argument of Dense 'activaton': did you mean"),
        (lambda: nn.Dense(3, activation="rellu"), "activation 'rellu': did you mean 'relu'?"),
        (lambda: nn.Dense(3, kernel_initializer="glorot"), "initializer 'glorot': did you mean"),
        (lambda: nn.Dense(3, kernel_regularizer="l3"), "regularizer 'l3': did you mean 'l"),
        (lambda: nn.Dense(3, kernel_constraint="maxnorm"), "constraint 'maxnorm': did you mean"),
        (lambda: nn.Conv2D(3, 3, padding="sane"), "'sane': did you mean 'same'?"),
        (lambda: nn.EarlyStopping("loss", mode="mim"), "mode 'mim': did you mean 'min'?"),
        (lambda: nn.LambdaCallback(on_epoch_ends=print), "did you mean 'on_epoch_end'?"),
        (lambda: nn.LambdaCallback(needs=["outputs"]), "'outputs': did you mean 'output'?"),
    ],
)
def test_unknown_names_get_the_nearest_one(make, message):
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: nn.Conv2D(1, 7)(x), "the window (7, 7) does not fit into images (6, 6)"),
        (lambda x: nn.Conv2D(1, 4, dilation_rate=2)(x), "does not fit into images (6, 6)"),
        (lambda x: nn.MaxPooling2D(7)(x), "the window (7, 7) does not fit into images (6, 6)"),
        (lambda x: nn.Conv2D(1, 3)(nn.Flatten()(x)), "expected images (N, H, W, C), got (N, 36)"),
        (lambda x: nn.Reshape((5, 7))(x), "(5, 7)"),
    ],
)
def test_outputs_without_size(make, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        make(nn.Input((6, 6, 1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, y: nn.Dense(2)(np.ones((2, 3))), "got ndarray; for arrays use nn.run_layer"),
        (lambda x, y: dense_model()(np.ones((2, 3))), "got ndarray; for arrays use nn.run_layer"),
        (lambda x, y: nn.Model(np.ones(3), y), "model inputs: expected symbols"),
        (lambda x, y: nn.Model(x, nn.Dense(2)), "model outputs: expected symbols"),
        (lambda x, y: nn.Model(nn.Input((3,)), y), "is needed but is not among the model's inputs"),
        (lambda x, y: nn.Model([x, nn.Input((3,))], y), "no output depends on it"),
        (lambda x, y: nn.Model(x, []), "model outputs: called without an input"),
        (lambda x, y: dense_model()([x, x]), "sequential: takes 1 inputs, got 2"),
    ],
)
def test_graphs_that_are_none(make, message):
    x = nn.Input((3,))
    with pytest.raises(GraphError, match=re.escape(message)):
        make(x, nn.Dense(2)(x))


def test_two_networks_of_one_name_are_named():
    x = nn.Input((3,))
    left, right = (nn.Model(x, nn.Dense(2)(x), name="arm", backend=BACKEND) for _ in range(2))
    with pytest.raises(GraphError, match="two layers are named 'arm': <Graph arm of 1 calls>"):
        nn.Model(x, nn.Add()([left(x), right(x)]), backend=BACKEND)


@pytest.mark.parametrize("array", [np.ones((2, 1)), np.ones((2, 1), int)])
def test_running_a_model_casts_nothing(array):
    x = nn.Input((1,))
    narrow = nn.Model(x, nn.Dense(1)(x), backend=BACKEND, seed=0)
    with pytest.raises(DTypeError, match=r"dense/kernel is float32; .* x\.astype\('float32'\)"):
        narrow.forward(array)
    tape = narrow.forward(array.astype("float32"))
    with pytest.raises(DTypeError, match="outputs are float32, a gradient is float64"):
        narrow.backward(tape, np.ones((2, 1)))
    with pytest.raises(ShapeError, match="got 2 gradients"):
        narrow.backward(tape, *[tape.outputs[0]] * 2)


def test_layer_that_forgets_its_base_is_told_so():
    class Forgetful(nn.Layer):
        def __init__(self):
            self.gain = 2.0

        spec = forward = backward = None

    with pytest.raises(NNError, match=r"Forgetful: its __init__ .* super\(\).__init__\(\)"):
        Forgetful()
