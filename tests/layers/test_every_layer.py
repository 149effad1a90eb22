"""What holds for all layers, over the conformance cases."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import pytest

from nnscratch import layers
from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.core.tape import Call
from nnscratch.testing.cases import CASES, Case
from tests.backends import BACKEND

one_per_class = {type(case.layer): case for case in CASES}.values()
each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_class = pytest.mark.parametrize("case", one_per_class, ids=str)


def run(case: Case) -> Call:
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((3, *shape)) for shape in case.in_shapes]
    dy = rng.standard_normal((3, *case.layer.spec(*case.in_shapes).output_shape))
    return run_layer(case.layer, xs, dy, backend=BACKEND, training=case.training)


def test_every_exported_layer_has_a_case() -> None:
    exported = {getattr(layers, name) for name in layers.__all__}
    assert {type(case.layer) for case in CASES} == exported


def test_every_layer_is_exported() -> None:
    for family in pkgutil.iter_modules(layers.__path__, "nnscratch.layers."):
        importlib.import_module(family.name)
    kinds = [Layer]
    for kind in kinds:
        kinds += kind.__subclasses__()
    own = [kind for kind in kinds if kind.__module__.startswith("nnscratch.layers.")]
    leaves = {kind.__name__ for kind in own if not kind.__subclasses__()}
    assert leaves <= set(layers.__all__)


def test_case_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@each_case
def test_the_second_call_of_a_layer_gives_the_same(case: Case) -> None:
    first, second = run(case), run(case)
    np.testing.assert_array_equal(first.output, second.output)
    for a, b in zip(first.input_gradients, second.input_gradients, strict=True):
        np.testing.assert_array_equal(a, b)
    for name, gradient in first.param_gradients.items():
        np.testing.assert_array_equal(gradient, second.param_gradients[name])


@each_case
def test_running_leaves_nothing_on_the_layer(case: Case) -> None:
    before = dict(vars(case.layer))
    run(case)
    assert vars(case.layer) == before
    assert not any(isinstance(value, np.ndarray) for value in before.values())


@each_class
def test_a_layer_cannot_be_changed(case: Case) -> None:
    for name in [*vars(case.layer), "new"]:
        with pytest.raises(AttributeError, match="is immutable: make a new layer"):
            setattr(case.layer, name, 3)


@each_class
def test_the_docstring_says_what_a_reader_needs(case: Case) -> None:
    text = inspect.getdoc(type(case.layer)) or ""
    for heading in ("Shapes:", "Forward", "Backward", "Cache"):
        assert heading in text


@each_class
def test_arguments_are_named_as_in_the_signature(case: Case) -> None:
    signature = inspect.signature(type(case.layer).__init__)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    assert kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert "name" in signature.parameters


def test_a_layer_shows_the_arguments_it_was_made_with() -> None:
    layer: Any = layers.Conv2D(3, (2, 1), padding="SAME", name="first")
    assert repr(layer) == "Conv2D(filters=3, kernel_size=(2, 1), padding='SAME', name='first')"
    assert layer.padding == "same"


@each_class
def test_every_layer_but_a_users_own_function_has_a_role(case: Case) -> None:
    assert (case.layer.role == "other") == isinstance(case.layer, layers.Lambda)


@pytest.mark.parametrize(
    ("layer", "role"),
    [(layers.Dense(1), "weights"), (layers.Dropout(0.5), "noise"), (layers.Flatten(), "shape")],
)
def test_a_role_is_inherited_and_may_be_another_than_the_bases(layer: Layer, role: str) -> None:
    assert layer.role == role
    assert layers.Activation(layer).role == role
