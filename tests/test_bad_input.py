"""Bad data and settings are refused before anything changes, by errors that name the repair."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import (
    DataError,
    DTypeError,
    NNError,
    ShapeError,
    UnknownNameError,
)
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images, linear

X, Y = images(8)


def with_value(value):
    x = X.copy()
    x[3, 2, 1, 0] = value
    return x


@pytest.fixture(scope="module")
def trained():
    model = conv_net()
    model.fit(X, Y, verbose=0)
    return model


@pytest.fixture
def model(trained):
    """A trained model; nothing that a test does may change it."""
    before, compiled = everything(trained), trained.compiled
    yield trained
    assert trained.compiled is compiled
    assert_same_bits(everything(trained), before)


# -- data -----------------------------------------------------------------------------------------

BAD_X = {
    "no channels": (X[..., 0], ShapeError, "got (8, 6, 6); add a channel axis"),
    "one row alone": (X[0], ShapeError, "got (6, 6, 1); add a batch axis: x[None]"),
    "channels first": (X.transpose(0, 3, 1, 2), ShapeError, "move the channels last: x.transpose"),
    "three channels": (X.repeat(3, axis=3), ShapeError, "expected (N, 6, 6, 1), got (8, 6, 6, 3)"),
    "flat": (X.reshape(8, 36), ShapeError, "reshape it: x.reshape(-1, 6, 6, 1)"),
    "a number": (3.0, ShapeError, "x: expected (N, 6, 6, 1), got ()"),
    "no rows": (X[:0], DataError, "x: there are no rows"),
    "objects": (X.astype(object), DTypeError, "x: expected real numbers, got dtype object"),
    "complex": (X.astype(complex), DTypeError, "give real and imaginary parts as two channels"),
    "strings": (X.astype(str), DTypeError, "x: expected real numbers, got dtype <U"),
    "ragged": ([[1.0], [1.0, 2.0]], DataError, "x: cannot be read as a NumPy array"),
    "nothing": (None, DataError, "x: nothing was given; expected an array"),
    "NaN": (with_value(np.nan), DataError, "x: nan at row 3, position (2, 1, 0); 1 of 288 values"),
    "Inf": (with_value(-np.inf), DataError, "x: -inf at row 3, position (2, 1, 0)"),
    "too large": (with_value(0).astype(float) + 1e39, DataError, "too large for float32; scale"),
    "another input": ({"images": X}, UnknownNameError, "unknown input in x 'images': known: input"),
    "two inputs": ([X, X], ShapeError, "x: expected (N, 6, 6, 1), got (2, 8, 6, 6, 1)"),
}  # fmt: skip


@pytest.mark.parametrize("method", ["fit", "train_step", "evaluate", "predict"])
@pytest.mark.parametrize("case", BAD_X)
def test_inputs(model, method, case):
    x, error, message = BAD_X[case]
    rest = {"fit": [Y], "train_step": [Y], "evaluate": [Y], "predict": []}[method]
    with pytest.raises(error, match=re.escape(message)):
        getattr(model, method)(x, *rest)


BAD_Y = {
    "too few": (Y[:5], DataError, "y: expected 8 rows, as many as x has, got (5,)"),
    "nothing": (None, DataError, "y: nothing was given; expected"),
    "too large": (Y + 1, DataError, "expected labels 0 to 2, got 3 in row"),
    "negative": (Y - 1, DataError, "expected labels 0 to 2, got -1 in row"),
    "fractions": (Y + 0.5, DataError, "expected class numbers to be integers, got float64"),
    "floats": (Y * 1.0, DataError, "if they are classes, cast them: y.astype(int)"),
    "NaN": (np.full(8, np.nan), DataError, "y: nan at row 0; 8 of 8 values"),
    "one-hot": (np.eye(3)[Y], ShapeError, 'use loss="categorical_crossentropy"'),
    "names": (np.array(["cat"] * 8), DTypeError, "np.unique(names, return_inverse=True)"),
    "another output": ({"dens": Y}, UnknownNameError, "output in y 'dens': did you mean 'dense'?"),
}


@pytest.mark.parametrize("method", ["fit", "train_step", "evaluate"])
@pytest.mark.parametrize("case", BAD_Y)
def test_targets(model, method, case):
    y, error, message = BAD_Y[case]
    with pytest.raises(error, match=re.escape(message)):
        getattr(model, method)(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y, "y: the model has 2 outputs (left, right), got one ndarray; give a list"),
        ([Y], "y: the model has 2 outputs (left, right), got 1 arrays"),
        ({"left": Y}, "y: nothing is given for output right"),
    ],
)
def test_missing_target_of_an_output(y, message):
    x = nn.Input((3,))
    outputs = [nn.Dense(1, name="left")(x), nn.Dense(1, name="right")(x)]
    model = nn.Model(x, outputs, backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    with pytest.raises(DataError, match=re.escape(message)):
        model.fit(np.ones((8, 3)), y, verbose=0)


def test_nan_may_be_let_through():
    model = conv_net()
    x = with_value(np.nan)
    assert np.isnan(model.predict(x, allow_nonfinite=True)).sum() == 3
    assert np.isnan(model.evaluate(x, Y, allow_nonfinite=True)[0])
    assert np.isnan(model.train_step(x, Y, allow_nonfinite=True).loss)
    model.fit(x, Y, verbose=0, allow_nonfinite=True)
    assert model.iteration == 2


# -- arguments of fit -----------------------------------------------------------------------------

BAD_FIT = [
    ({"batch_size": 0}, NNError, "batch_size: expected a whole number >= 1, got 0"),
    ({"batch_size": -4}, NNError, "batch_size: expected a whole number >= 1, got -4"),
    ({"batch_size": 2.5}, NNError, "batch_size: expected a whole number >= 1, got 2.5"),
    ({"epochs": -1}, NNError, "epochs: expected a whole number >= 0, got -1"),
    ({"epochs": 1.5}, NNError, "epochs: expected a whole number >= 0, got 1.5"),
    ({"initial_epoch": -1}, NNError, "initial_epoch: expected a whole number >= 0, got -1"),
    ({"shuffle": "batch"}, NNError, "shuffle: expected True or False, got 'batch'"),
    ({"verbose": 3}, NNError, "verbose: expected 'auto', 0, 1 or 2, got 3"),
    ({"validation_split": 1.0}, NNError, "expected a finite number > 0 and < 1, got 1.0"),
    ({"validation_split": -0.5}, NNError, "expected a finite number > 0 and < 1, got -0.5"),
    ({"validation_split": 0.9}, DataError, "leaves none of 8 rows to train on"),
    ({"validation_data": X}, DataError, "expected validation_data=(x, y) or (x, y, sample_weight)"),
    ({"validation_data": (X, Y[:3])}, DataError, "y: expected 8 rows"),
    ({"validation_data": (X, Y + 3)}, DataError, "expected labels 0 to 2"),
    ({"sample_weight": np.ones(3)}, ShapeError, "expected one number per row, (8,), got (3,)"),
    ({"sample_weight": -np.ones(8)}, DataError, "expected numbers >= 0, got -1.0 at row 0"),
    ({"class_weight": {1: -1.0}}, NNError, "class_weight[1]: expected a finite number >= 0"),
    ({"class_weight": {7: 1.0}}, UnknownNameError, "unknown class in class_weight 7"),
    ({"callbacks": [nn.History]}, NNError, "callbacks: expected nn.Callback objects, got <class"),
    ({"callbacks": 3}, NNError, "callbacks: expected nn.Callback objects, got 3"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD_FIT)
def test_arguments_of_fit(model, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        model.fit(X, Y, **{"verbose": 0} | options)


def test_monitored_log_gets_the_nearest_name():
    stopping = nn.EarlyStopping("val_loss")
    with pytest.raises(UnknownNameError, match="'val_loss': did you mean 'loss'") as error:
        conv_net().fit(X, Y, verbose=0, callbacks=stopping)
    assert "need validation_data or validation_split" in error.value.__notes__[0]


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_batch_size_of_evaluate_and_predict(model, method):
    rest = [Y] if method == "evaluate" else []
    with pytest.raises(NNError, match="batch_size: expected a whole number >= 1, got 0"):
        getattr(model, method)(X, *rest, batch_size=0)


# -- compile --------------------------------------------------------------------------------------

BAD_COMPILE = [
    (("sgd",), NNError, "compile: no loss given; for example"),
    (("adm", "mse"), UnknownNameError, "unknown optimizer 'adm': did you mean 'adam'?"),
    ((nn.Adam, "mse"), TypeError, "optimizer: expected a name or an instance such as SGD(0.1)"),
    (("sgd", "msee"), UnknownNameError, "unknown loss 'msee': did you mean 'mse'?"),
    (("sgd", nn.losses.MeanSquaredError), TypeError, "loss: expected a name, an instance"),
    (("sgd", ["mse", "mae"]), NNError, "compile: 1 outputs (dense), got loss=['mse', 'mae']"),
    (("sgd", {"dens": "mse"}), UnknownNameError, "output in loss 'dens': did you mean 'dense'?"),
    (("sgd", "mse", ["acuracy"]), UnknownNameError, "unknown metric 'acuracy': did you mean 'acc"),
    (("sgd", "mse", [nn.metrics.R2Score]), TypeError, "metric: expected a name or an instance"),
    (("sgd", "mse", {"dens": "mae"}), UnknownNameError, "output in metrics 'dens'"),
    (("sgd", "mse", ["mae", "mae"]), NNError, "two of loss and metrics are called 'mae'"),
    (("sgd", "mse", [nn.metrics.R2Score("loss")]), NNError, "are called 'loss'"),
    (("sgd", "mse", None, "heavy"), NNError, "loss_weights of dense: expected a finite number"),
    (("sgd", "mse", None, np.nan), NNError, "loss_weights of dense: expected a finite number"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD_COMPILE)
def test_compile(model, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        model.compile(*arguments)


@pytest.mark.parametrize("method", ["fit", "train_step", "evaluate"])
@pytest.mark.parametrize("declared", [True, False])
def test_training_before_compiling(method, declared):
    layers = [nn.Input((6, 6, 1))] * declared + [nn.Flatten(), nn.Dense(3)]
    model = nn.Sequential(layers, backend=BACKEND, seed=0)
    with pytest.raises(NNError, match=r"not compiled; call model\.compile\(optimizer, loss\)"):
        getattr(model, method)(X, Y)


def test_wrong_data_before_the_first_step_leave_the_model_new():
    model = linear([[1.0]])
    with pytest.raises(DataError):
        model.fit([[1.0], [np.nan]], [[1.0], [1.0]], verbose=0)
    assert model.iteration == 0
    assert model.get_weights()[0].item() == 1
