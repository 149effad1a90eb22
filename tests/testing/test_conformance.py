"""The rules beside the gradients: a right layer keeps all, a wrong one is told which it broke."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nnscratch.core.layer import Layer
from nnscratch.testing import conformance
from nnscratch.testing.conformance import CHECKS, check_layer
from nnscratch.testing.report import GradientError
from nnscratch.testing.trial import ConformanceError, Trial
from tests.backends import BACKEND
from tests.testing import wrong_layers

BROKEN = [
    (wrong_layers.WrongOutputShape, conformance.check_shapes, r"y has the shape \(3, 4\)"),
    (
        wrong_layers.NoBiasGradient,
        conformance.check_shapes,
        r"has gradients \['dx 0', 'dkernel'\], expected \['dx 0', 'dkernel', 'dbias'\]",
    ),
    (wrong_layers.UndeclaredState, conformance.check_shapes, "returns state calls"),
    (wrong_layers.WritesToDy, conformance.check_arguments_unmodified, "writes to dy"),
    (wrong_layers.WritesToInput, conformance.check_arguments_unmodified, "writes to input 0"),
    (
        wrong_layers.WritesToParameter,
        conformance.check_arguments_unmodified,
        "writes to parameter kernel",
    ),
    (wrong_layers.ReturnsItsInput, conformance.check_aliases, "a view of input 0"),
    (wrong_layers.ReadsMemoryInOrder, conformance.check_non_contiguous, "y of non-contiguous"),
    (wrong_layers.ForgetsBatchAxis, conformance.check_batch_of_one, r"has the shape \(4,\)"),
    (wrong_layers.LooksAtOtherRows, conformance.check_batch_of_one, "y of one row differs"),
    (wrong_layers.AlwaysFloat64, conformance.check_float32_stays, "y of float32 arrays is float64"),
    (wrong_layers.RoughInFloat32, conformance.check_float32_accuracy, "dx 0 in float32 differs"),
    (wrong_layers.EmptiesItsCache, conformance.check_backward_twice, "dkernel differs"),
    (wrong_layers.WrongSign, conformance.check_derivatives, "input: backward says"),
    (wrong_layers.CachesOnItself, conformance.check_second_call, "kernel: backward says"),
    (wrong_layers.CountsInInference, conformance.check_inference_state, "changes the state calls"),
    (wrong_layers.ReadsAnyShape, conformance.check_wrong_shape, "y has the shape"),
    (
        wrong_layers.StumblesOverShapes,
        conformance.check_wrong_shape,
        r"spec\(\(\),\) raises IndexError\('tuple index out of range'\)",
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_right_layer_keeps_every_rule(check: Callable[[Trial], None]) -> None:
    check(Trial(wrong_layers.Linear(), [(4,)], "numpy"))


@pytest.mark.parametrize(
    ("kind", "check", "message"),
    BROKEN,
    ids=[f"{kind.__name__}-{check.__name__}" for kind, check, _ in BROKEN],
)
def test_a_broken_rule_is_named(
    kind: type[Layer], check: Callable[[Trial], None], message: str
) -> None:
    rule = rf"(?s)^{kind.__name__}\(\) on numpy: .*{message}"
    with pytest.raises((ConformanceError, GradientError), match=rule):
        check(Trial(kind(), [(4,)], "numpy"))


def test_a_view_of_the_input_may_be_declared() -> None:
    class Declared(wrong_layers.ReturnsItsInput):
        aliases = True

    conformance.check_aliases(Trial(Declared(), [(4,)], "numpy"))


def test_every_check_has_a_layer_that_breaks_it() -> None:
    assert {check for _, check, _ in BROKEN} == set(CHECKS)


def test_check_layer_runs_the_rules_and_the_gradients() -> None:
    check_layer(wrong_layers.Linear(), [(4,)], backend=BACKEND)
    with pytest.raises(ConformanceError, match="writes to dy"):
        check_layer(wrong_layers.WritesToDy(), [(4,)], backend=BACKEND)
    with pytest.raises(GradientError, match="input: backward says"):
        check_layer(wrong_layers.WrongSign(), [(4,)], backend=BACKEND)
