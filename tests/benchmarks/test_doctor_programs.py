"""From the file of a program to a model of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from benchmarks.doctor.build import build
from benchmarks.doctor.faults import BatchSoftmax
from benchmarks.doctor.fields import ProgramError
from benchmarks.doctor.program import read
from benchmarks.doctor.training import train
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import NNError, UnknownNameError
from tests.backends import host
from tests.benchmarks.doctor_programs import chain, program, twin, write


def model_of(folder: Path, **changes: Any) -> nn.Model:
    return build(read(write(folder, "a", program(fixed=twin(**changes)))).fixed, seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "cause"}, r"a\.json: kind: expected one of 'bug', 'control', got 'cause'"),
        ({"tier": "1"}, r"a\.json: tier: expected a whole number >= 1, got '1'"),
        ({"fault": 3}, r"a\.json: fault: expected an object, got 3"),
        ({"expect": {"task": "?"}}, r"a\.json: expect: rule: expected one of .* missing"),
        ({"fixed": twin(epochs=0)}, r"a\.json: fixed: epochs: expected a whole number >= 1, got 0"),
        ({"fixed": twin(shuffle=1)}, r"fixed: shuffle: expected true or false, got 1"),
        ({"fixed": twin(validation_split=1)}, r"validation_split: .* >= 0 and < 1, got 1"),
        ({"fixed": twin(metrics=[1])}, r"fixed: metrics: expected a list of texts, got 1 in it"),
        ({"fixed": twin(data={})}, r"fixed: data: name: expected a text, but it is missing"),
        ({"fixed": twin(training_fault={"kind": "x"})}, r"training_fault: kind: expected one of"),
        (
            {"fixed": twin(model=chain({"class": "Dense"}))},
            r"fixed: model: layers\[0\]: name: expected a text, but it is missing",
        ),
        ({"fixed": twin(model=chain())}, "expected inputs and layers, but there are none"),
    ],
)
def test_fields_that_are_wrong(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ProgramError, ArgumentError), match=message):
        read(write(tmp_path, "a", program(**changes)))


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("{")
    with pytest.raises(ProgramError, match=r"a\.json: expected JSON: "):
        read(file)


def test_a_control_has_no_buggy_twin(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="a control has no buggy twin"):
        read(write(tmp_path, "a", program())).twin("buggy")


def test_layers_with_keras_s_arguments(tmp_path: Path) -> None:
    layers = [
        {
            "class": "Dense",
            "name": "a",
            "units": 2,
            "kernel_initializer": {"class": "Constant", "value": 0.5},
            "bias_initializer": "ones",
            "kernel_regularizer": {"class": "L2", "l2": 0.25},
            "bias_constraint": {"class": "MaxNorm", "max_value": 3},
        },
        {"class": "LeakyReLU", "name": "b"},
        {"class": "Dense", "name": "c", "units": 2, "trainable": False},
        {"class": "Softmax", "name": "d", "axis": -1},
    ]
    model = model_of(tmp_path, model=chain(*layers), loss="categorical_crossentropy")
    assert model.params["a/kernel"].tolist() == [[0.5, 0.5]]
    assert model.params["a/bias"].tolist() == [1, 1]
    first, leaky, frozen, _ = model.layers
    assert first.kernel_regularizer == nn.regularizers.L2(0.25)
    assert first.bias_constraint == nn.constraints.MaxNorm(3)
    assert leaky.negative_slope == 0.3
    assert not frozen.trainable


def test_what_we_have_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown layer 'Dens': did you mean 'Dense'"):
        model_of(tmp_path, model=chain({"class": "Dens", "name": "a"}))
    with pytest.raises(UnknownNameError, match="unknown optimizer 'Bear'"):
        model_of(tmp_path, optimizer={"class": "Bear", "kwargs": {}})
    with pytest.raises(UnknownNameError, match="unknown argument of SGD 'rate'"):
        model_of(tmp_path, optimizer={"class": "SGD", "kwargs": {"rate": 1}})
    with pytest.raises(UnknownNameError, match="unknown loss 'custom:x'"):
        model_of(tmp_path, loss="custom:x")
    layer = {"class": "Dense", "name": "a", "units": 1, "kernel_initializer": {"class": "X"}}
    with pytest.raises(UnknownNameError, match="unknown initializer 'X'"):
        model_of(tmp_path, model=chain(layer))


def test_losses_and_optimizers(tmp_path: Path) -> None:
    model = model_of(
        tmp_path,
        loss={"class": "MeanSquaredError", "reduction": "sum"},
        optimizer={"class": "Adam", "kwargs": {"learning_rate": 0.1, "beta_1": 0.5}},
    )
    assert model.compiled.optimizer == nn.Adam(0.1, 0.5)
    (term,) = model.compiled.objective.terms
    assert term.loss == nn.losses.MeanSquaredError(reduction="sum")


def test_a_graph_with_a_shared_layer(tmp_path: Path) -> None:
    graph = {
        "kind": "functional",
        "inputs": [{"name": "left", "shape": [1]}, {"name": "right", "shape": [1]}],
        "layers": [
            {"class": "Dense", "name": "twice", "units": 3, "calls": [["left"], ["right"]]},
            {"class": "Subtract", "name": "minus", "inputs": ["twice", "twice:1"]},
            {"class": "Dense", "name": "out", "units": 1, "inputs": ["minus"]},
        ],
    }
    slow = {"class": "SGD", "kwargs": {}}
    changed = twin(model=graph, data={"name": "pair"}, loss="mse", optimizer=slow)
    made = read(write(tmp_path, "a", program(fixed=changed)))
    model = build(made.fixed, seed=0)
    assert list(model.params) == ["twice/kernel", "twice/bias", "out/kernel", "out/bias"]
    a, b = np.float32([[1.0]]), np.float32([[3.0]])
    kernel, last = model.params["twice/kernel"], model.params["out/kernel"]
    expected = (a - b) @ host(kernel) @ host(last)
    np.testing.assert_allclose(model.predict([a, b], verbose=0), expected, rtol=1e-5)
    assert np.isfinite(train(tmp_path, made, "fixed").score.loss)
    graph["layers"][1]["inputs"] = ["twice", "twice:2"]
    with pytest.raises(UnknownNameError, match="unknown input of minus 'twice:2'"):
        build(read(write(tmp_path, "a", program(fixed=changed))).fixed, seed=0)


def test_softmax_over_the_rows(tmp_path: Path) -> None:
    dense = {"class": "Dense", "name": "a", "units": 2}
    softmax = {"class": "Softmax", "name": "b", "axis": 0}
    model = model_of(tmp_path, model=chain(dense, softmax), loss="categorical_crossentropy")
    assert isinstance(model.layers[-1], BatchSoftmax)
    y = model.predict(np.linspace(-1, 1, 5, dtype=np.float32)[:, None], verbose=0)
    np.testing.assert_allclose(y.sum(axis=0), [1, 1], rtol=1e-6)


def test_a_fault_of_the_gradients_is_a_part_of_the_program(tmp_path: Path) -> None:
    uphill = twin(training_fault={"kind": "negate_gradients"})
    made = read(write(tmp_path, "a", program(uphill)))
    fixed, buggy = (train(tmp_path, made, which) for which in ("fixed", "buggy"))
    assert buggy.score.loss > 2 * fixed.score.loss


def test_errors_of_layers_are_ours(tmp_path: Path) -> None:
    with pytest.raises(NNError, match="expected images"):
        model_of(
            tmp_path, model=chain({"class": "Conv2D", "name": "a", "filters": 1, "kernel_size": 3})
        )
