"""Opening a run elsewhere: what is made again, what has to be given, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.runs import environment
from nnscratch.runs.environment import differences
from tests.backends import BACKEND
from tests.nets import assert_same_bits, contents, conv_net, everything
from tests.runs.test_blueprint import Twice
from tests.runs.test_replay import record
from tests.runs.trainings import Steps, X, Y, fit

ROOT = Path(__file__).parent.parent.parent


# -- models ---------------------------------------------------------------------------------------


def own(factor=0.5, rate=0.1):
    """A model with a layer, a loss and a schedule of somebody's own."""
    layers = [nn.Input((6, 6, 1)), nn.Flatten(), nn.Dense(3), Twice(factor)]
    model = nn.Sequential(layers, backend=BACKEND, seed=0, store=nn.Store())
    loss = (
        lambda y_pred, y: ((y_pred - y) ** 2).sum(axis=1),
        lambda y_pred, y: 2 * (y_pred - y),
    )
    model.compile(nn.SGD(lambda i: rate / (i + 1)), loss)
    return model


TARGETS = nn.to_categorical(Y, 3)


def test_parts_of_your_own_are_given(tmp_path):
    model = own()
    run, steps = record(tmp_path, model, y=TARGETS)
    assert_same_bits(contents(run.step(4)), contents(steps[4]))
    opened = nn.Run.open(tmp_path)
    assert opened.loss == run.loss  # what happened is told without them
    for need in (lambda: opened.step(4), lambda: nn.Run.open(tmp_path, data=(X, TARGETS))):
        with pytest.raises(nn.RunError, match=r"parts of your own \(Twice, function .*model=mod"):
            need()
    given = own()
    before = everything(given)
    opened = nn.Run.open(tmp_path, model=given, data=(X, TARGETS))
    assert_same_bits(contents(opened.step(4)), contents(steps[4]))
    assert_same_bits(everything(given), before)
    assert opened.model is given


@pytest.mark.parametrize(
    ("model", "difference"),
    [
        (lambda: own(factor=2.0), "layers > twice > config: recorded|factor"),
        (lambda: conv_net(), "graphs > 0 > calls"),
        (lambda: conv_net(seed=0), "layers > conv2d"),
    ],
)
def test_other_model_is_refused_and_told_apart(tmp_path, model, difference):
    record(tmp_path, own(), y=TARGETS)
    with pytest.raises(nn.RunError, match=f"the model is not the run's:(.|\n)*({difference})"):
        nn.Run.open(tmp_path, model=model())


def test_model_that_is_made_again_can_be_used(tmp_path):
    model = conv_net()
    fit(model, nn.Run(tmp_path))
    opened = nn.Run.open(tmp_path)
    np.testing.assert_array_equal(opened.model.predict(X), model.predict(X))
    assert opened.model is opened.model


# -- data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X[:16], Y[:16]), r"training inputs: recorded with the shape \[13, 6, 6, 1\], this has"),
        ((X * 255, Y), r"training inputs: recorded with the range \[-2\.\d+, 2\.\d+\], this has"),
        ((X[::-1].copy(), Y), "range|the numbers are others"),
        ((X, (Y + 1) % 3), "training targets: shape, dtype and range .*, but the numbers are oth"),
        ((X, Y, Y), r"data: expected \(x, y\); weights of rows and classes are kept in the fol"),
        (X, r"data: expected \(x, y\)"),
    ],
)
def test_other_data_are_refused_and_told_apart(tmp_path, data, message):
    record(tmp_path, conv_net())
    with pytest.raises(nn.RunError, match=message):
        nn.Run.open(tmp_path, data=data)


def test_data_of_another_form_are_read_as_by_fit(tmp_path):
    _, steps = record(tmp_path, conv_net())
    run = nn.Run.open(tmp_path, data=(X.astype(np.float64).tolist(), Y.astype(np.int8)))
    assert_same_bits(contents(run.step(8)), contents(steps[8]))


def test_validation_data_are_compared_too(tmp_path):
    held_out = (X[:5], Y[:5], np.arange(5.0))
    record(tmp_path, conv_net(), validation_data=held_out)
    with pytest.raises(nn.RunError, match="validation inputs: "):
        nn.Run.open(tmp_path, data=(X, Y), validation=(X[5:10], Y[5:10]))
    with pytest.raises(nn.RunError, match=r"but no data: give data=\(x, y\) too"):
        nn.Run.open(tmp_path, validation=held_out[:2])
    run = nn.Run.open(tmp_path, data=(X, Y), validation=held_out[:2])
    rows = run._known.data[1]
    np.testing.assert_array_equal(rows.weights, np.arange(5, dtype=np.float32))


def test_validation_data_of_a_training_that_had_none(tmp_path):
    record(tmp_path, conv_net(), validation_split=0.0)
    with pytest.raises(nn.RunError, match="validation data are given, but the training had none"):
        nn.Run.open(tmp_path, data=(X, Y), validation=(X, Y))


def test_data_are_needed_only_to_compute(tmp_path):
    run, _ = record(tmp_path, conv_net())
    opened = nn.Run.open(tmp_path)
    assert (opened.loss, opened.history) == (run.loss, run.history)
    with pytest.raises(nn.RunError, match=r"none of nn\.datasets'; give them: nn\.Run\.open\("):
        opened.step(0)


def digits_net(dtype="float32"):
    model = nn.Sequential([nn.Flatten(), nn.Dense(10, "softmax")], seed=0, dtype=dtype)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


(TRAIN, TEST), (RAW, _) = nn.datasets.digits(), nn.datasets.digits(scale=False)


@pytest.mark.parametrize(
    "options",
    [
        {"data": TRAIN},
        {"data": TRAIN, "validation_split": 0.25},
        {"data": TRAIN, "validation_data": TEST},
        {"data": (TRAIN[0][:100], TRAIN[1][:100]), "validation_data": (TEST[0][:9], TEST[1][:9])},
        {"data": RAW, "dtype": "float64"},
        {"data": TEST},
    ],
)
def test_data_set_of_nnscratch_s_is_loaded_again(tmp_path, options):
    model = digits_net(options.pop("dtype", "float32"))
    x, y = options.pop("data")
    run, watch = nn.Run(tmp_path), Steps()
    history = model.fit(x, y, batch_size=64, verbose=0, callbacks=[run, watch], **options)
    opened = nn.Run.open(tmp_path)
    last = run.steps[-1]
    assert_same_bits(contents(opened.step(last)), contents(watch.steps[last]))
    assert opened.resume(verbose=0).history == history.history


@pytest.mark.parametrize("shape", [(8, 8), (64,), (8, 8, 1)])
@pytest.mark.parametrize("one_hot", [True, False])
def test_data_set_comes_back_flat_and_with_one_hot_labels(tmp_path, shape, one_hot):
    x, y = TEST
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    model = nn.Sequential([nn.Flatten(), nn.Dense(10, "softmax")], seed=0)
    model.compile("sgd", loss)
    labels = nn.to_categorical(y) if one_hot else y
    history = model.fit(x.reshape(-1, *shape), labels, verbose=0, callbacks=nn.Run(tmp_path))
    assert nn.Run.open(tmp_path).step(5).index == 5
    assert nn.Run.open(tmp_path).resume(verbose=0).history == history.history


def test_data_of_the_digits_shape_that_are_no_digits(tmp_path):
    x = np.random.default_rng(0).random((50, 8, 8, 1), np.float32)
    model = nn.Sequential([nn.Flatten(), nn.Dense(2, "softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(50) % 2, verbose=0, callbacks=nn.Run(tmp_path))
    with pytest.raises(nn.RunError, match="the run's data are needed, and they are none of"):
        nn.Run.open(tmp_path).step(0)


def test_data_set_that_cannot_be_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("NNSCRATCH_FASHION_MNIST", str(tmp_path / "none"))
    x = np.zeros((8, 28, 28, 1), np.float32)
    model = digits_net()
    model.fit(x, np.arange(8), verbose=0, callbacks=nn.Run(tmp_path / "run"))
    with pytest.raises(nn.RunError, match=r"nn\.datasets\.fashion_mnist's, that cannot be loaded"):
        nn.Run.open(tmp_path / "run").step(0)


# -- elsewhere ------------------------------------------------------------------------------------

ELSEWHERE = """
import sys, zlib
import nnscratch as nn
from tests.nets import contents

run = nn.Run.open(sys.argv[1])
step = run.step(20)
known = [line for line in run.differences if not line.startswith("nnscratch's source")]
print(known, sum(zlib.crc32(array.tobytes()) for array in contents(step).values()))
"""


@pytest.mark.process("another process reads the run")
def test_another_process_needs_the_folder_alone(tmp_path):
    model = digits_net()
    run, watch = nn.Run(tmp_path), Steps()
    model.fit(*TRAIN, batch_size=64, verbose=0, callbacks=[run, watch])
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    total = sum(zlib.crc32(array.tobytes()) for array in contents(watch.steps[20]).values())
    assert result.stdout == f"[] {total}\n"


def test_differences_are_found_wherever_they_lie():
    recorded = {"a": 1, "b": {"c": [1, 2], "d": None}, "e": float("nan")}
    found = {"a": 1, "b": {"c": [1, 3], "f": 0}, "e": float("nan"), "g": []}
    assert differences(recorded, found) == [
        "b > c > 1: recorded 2, here 3",
        "b > f: recorded None, here 0",
        "g: recorded None, here []",
    ]
    assert differences([1, 2], [1]) == [": recorded [1, 2], here [1]"]


def test_any_change_of_the_code_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "PACKAGE", tmp_path)
    digests = []
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.py", "2"), ("notes.txt", "3")):
        (tmp_path / name).write_text(text)
        digests.append(environment.source_digest.__wrapped__())
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]


def test_number_of_threads_matters_to_numpy_alone(tmp_path):
    for backend, names in (("numpy", ["blas threads"]), ("numba", [])):
        fit(conv_net(backend), nn.Run(tmp_path / backend), epochs=1)
        recorded = nn.Run.open(tmp_path / backend)._known.manifest.environment
        assert [name for name in recorded if "threads" in name] == names
        assert ("numba" in recorded) == (backend == "numba")
