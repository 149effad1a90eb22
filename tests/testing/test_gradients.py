"""The gradient checker itself: it has to pass what is right and to name what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, ShapeError, UnknownNameError
from nnscratch.core.graph import Graph, Input
from nnscratch.core.layer import Gradients, Layer, Output, Values
from nnscratch.kernels.ops import Array
from nnscratch.testing import gradients
from nnscratch.testing.gradients import STEP, check_gradients
from nnscratch.testing.report import GradientError, Report, Verdict
from tests.backends import BACKEND
from tests.testing import wrong_layers
from tests.testing.wrong_layers import Elementwise, Flat, Linear


def check(layer: Layer, x: Array | None = None, **arguments: Any) -> Report:
    in_shapes = [(4,)] if x is None else None
    return check_gradients(layer, x, in_shapes, backend=BACKEND, **arguments)


class Centred(Elementwise):
    """y = x - the mean of its columns: nothing that all rows share comes through."""

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(xs[0] - xs[0].mean(axis=0))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy - dy.mean(axis=0),))


class Rectifier(Elementwise):
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(np.maximum(xs[0], 0), xs[0] > 0)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy * cache,))


def test_a_right_layer_passes_with_two_equal_numbers_for_everything() -> None:
    report = check(Linear())
    assert [d.name for d in report.derivatives] == ["input", "kernel", "bias"]
    for derivative in report.derivatives:
        assert derivative.verdict is Verdict.PASSED
        assert derivative.analytic == pytest.approx(derivative.numeric, rel=1e-8)
        assert abs(derivative.numeric) > 1e-3
    report.assert_passed()


@pytest.mark.parametrize(
    ("layer", "wrong"),
    [
        (wrong_layers.WrongFactor(), "kernel"),
        (wrong_layers.WrongSign(), "input"),
        (wrong_layers.ForgottenSum(), "bias"),
        (wrong_layers.TransposedKernelGradient(), "kernel"),
        (wrong_layers.ZeroKernelGradient(), "kernel"),
        (wrong_layers.OneWrongElement(), "bias"),
        (wrong_layers.NoInputGradient(), "input"),
        (wrong_layers.NaNGradient(), "bias"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_wrong_gradient_fails_alone_and_by_name(layer: Layer, wrong: str) -> None:
    report = check(layer)
    verdicts = {d.name: d.verdict for d in report.derivatives}
    expected = {"input": Verdict.PASSED, "kernel": Verdict.PASSED, "bias": Verdict.PASSED}
    assert verdicts == {**expected, wrong: Verdict.FAILED}
    with pytest.raises(GradientError, match=f"{wrong}: backward says"):
        report.assert_passed()


def test_a_failure_prints_both_numbers_and_their_ratio() -> None:
    report = check(wrong_layers.WrongFactor())
    kernel = report["kernel"]
    assert f"{kernel.analytic:.10g}" in str(report)
    assert f"{kernel.numeric:.10g}" in str(report)
    assert "backward / differences = 2" in str(report)
    assert str(report).startswith(f"WrongFactor() on {BACKEND}: not passed")


def test_the_same_seed_gives_the_same_report_and_another_seed_another() -> None:
    assert check(Linear(), seed=3) == check(Linear(), seed=3)
    assert check(Linear(), seed=3)["input"].analytic != check(Linear(), seed=4)["input"].analytic


WRITERS = (wrong_layers.WritesToInput, wrong_layers.WritesToDy, wrong_layers.WritesToParameter)


@pytest.mark.host("CuPy's arrays cannot be made read-only")
@pytest.mark.parametrize("kind", WRITERS)
def test_writing_to_what_it_reads_fails_on_the_spot(kind: type[Layer]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        check(kind())


# -- kinks ----------------------------------------------------------------------------------------


def test_random_points_beside_a_kink_pass() -> None:
    check(Rectifier()).assert_passed()


def test_a_given_point_on_a_kink_is_told_from_a_wrong_gradient() -> None:
    report = check(Rectifier(), np.zeros((2, 4)))
    assert report["input"].verdict is Verdict.KINK
    with pytest.raises(GradientError, match="away from the kinks"):
        report.assert_passed()


@pytest.mark.parametrize("fraction", [0, 0.1, 0.25, 1 / 3, 0.4, 0.5, 0.6, 0.75, 0.9])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_is_seen_wherever_it_lies_within_the_step(fraction: float, side: int) -> None:
    x = np.array([[side * fraction * STEP]])
    assert check(Rectifier(), x)["input"].verdict is Verdict.KINK


def test_a_layer_of_kinks_everywhere_gets_no_verdict_on_its_gradient() -> None:
    sawtooth = Flat(lambda x: np.abs(1e5 * x - np.round(1e5 * x)))
    assert check(sawtooth)["input"].verdict is Verdict.KINK


def test_a_kink_sends_the_check_to_other_points(monkeypatch: pytest.MonkeyPatch) -> None:
    class SeldomSmooth(Elementwise):
        def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
            (x,) = xs
            return Output(x if x[0, 0] > 0.5 else np.abs(1e5 * x - np.round(1e5 * x)))

        def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
            return Gradients((dy,))

    check(SeldomSmooth(), seed=1).assert_passed()
    monkeypatch.setattr(gradients, "TRIES", 1)
    assert check(SeldomSmooth(), seed=1)["input"].verdict is Verdict.KINK


# -- zeros ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.zeros_like, np.floor], ids=["zero", "steps"])
def test_zeros_on_both_sides_prove_nothing(value: Any) -> None:
    report = check(Flat(value))
    assert report["input"].verdict is Verdict.INCONCLUSIVE
    with pytest.raises(GradientError, match="both sides are 0"):
        report.assert_passed()


def test_a_dead_unit_proves_nothing() -> None:
    report = check(Rectifier(), np.full((2, 4), -0.5))
    assert report["input"].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("value", [lambda x: np.maximum(x, 8), lambda x: np.clip(x, 200, 300)])
def test_a_wide_dead_zone_proves_nothing(value: Any) -> None:
    assert check(Flat(value))["input"].verdict is Verdict.INCONCLUSIVE


def test_a_bias_that_is_subtracted_again_passes_as_a_structural_zero() -> None:
    x = Input((4,))
    report = check_gradients(Graph([x], [Centred()(Linear()(x))]), backend=BACKEND)
    assert report["linear/bias"].verdict is Verdict.ZERO
    assert report["linear/kernel"].verdict is Verdict.PASSED
    report.assert_passed()


def test_a_gradient_that_should_be_a_structural_zero_and_is_not_fails() -> None:
    class Uncentred(Centred):
        def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
            return Gradients((dy,))

    x = Input((4,))
    report = check_gradients(Graph([x], [Uncentred()(Linear()(x))]), backend=BACKEND)
    assert report["linear/bias"].verdict is Verdict.FAILED


# -- arguments ------------------------------------------------------------------------------------


def test_given_arrays_are_where_the_check_takes_place() -> None:
    class Inspecting(Linear):
        def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
            points.append((xs[0], params["kernel"]))
            return super().forward(ctx, params, state, *xs)

    points: list[tuple[Array, Array]] = []
    x, kernel = np.full((2, 3), 0.5, np.float32), np.eye(3)
    check(Inspecting(), x, params={"kernel": kernel}).assert_passed()
    for used_x, used_kernel in points:
        assert used_x.dtype == np.float64
        np.testing.assert_allclose(used_x, x, atol=STEP)
        np.testing.assert_allclose(used_kernel, kernel, atol=STEP)
    assert x.flags.writeable
    assert kernel.flags.writeable


def test_weights_are_moved_off_the_zeros_that_hide_mistakes() -> None:
    class ForgetsBias(Linear):
        """dx is right only where the bias is 0."""

        def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
            (dx,), gradients = super().backward(ctx, params, cache, dy)
            return Gradients((dx + params["bias"],), gradients)

    assert check(ForgetsBias())["input"].verdict is Verdict.FAILED


def test_a_loss_is_differentiated_in_place_of_the_random_sum() -> None:
    def squares(ctx: Context, y: Array) -> tuple[Any, Array]:
        return (y * y).sum(), 2 * y

    def wrong(ctx: Context, y: Array) -> tuple[Any, Array]:
        return (y * y).sum(), y

    check(Linear(), loss=squares).assert_passed()
    report = check(Linear(), loss=wrong)
    assert {d.verdict for d in report.derivatives} == {Verdict.FAILED}
    assert report["bias"].analytic / report["bias"].numeric == pytest.approx(0.5)


def test_a_graph_names_its_inputs_and_weights_by_path() -> None:
    a, b, shared = Input((3,)), Input((3,)), Linear(name="shared")
    report = check_gradients(Graph([a, b], [shared(a), shared(b)]), backend=BACKEND)
    names = [d.name for d in report.derivatives]
    assert names == ["input 0", "input 1", "shared/kernel", "shared/bias"]
    report.assert_passed()


def test_an_input_that_is_also_an_output_gets_both_gradients() -> None:
    x = Input((3,))
    check_gradients(Graph([x], [x, Linear()(x)]), backend=BACKEND).assert_passed()


def test_a_lone_layer_needs_a_shape() -> None:
    with pytest.raises(NNError, match="give x, or in_shapes"):
        check_gradients(Linear(), backend=BACKEND)


def test_one_shape_is_not_taken_for_a_list_of_them() -> None:
    shape: Any = (4,)
    with pytest.raises(NNError, match=r"one shape per input, such as \[\(8, 8, 3\)\], got \(4,\)"):
        check_gradients(Linear(), None, shape, backend=BACKEND)


def test_a_class_is_no_layer() -> None:
    kind: Any = Linear
    with pytest.raises(NNError, match=r"expected a layer, a graph or a model, got .*Linear"):
        check_gradients(kind, in_shapes=[(4,)], backend=BACKEND)


def test_a_weight_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownNameError, match="linear/kernel"):
        check(Linear(), params={"kernl": np.eye(4)})


def test_a_weight_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"kernel.*expected \(4, 4\), got \(3, 3\)"):
        check(Linear(), params={"kernel": np.eye(3)})


def test_a_loss_reads_one_output() -> None:
    x = Input((3,))
    graph = Graph([x], [Linear(name="a")(x), Linear(name="b")(x)])
    with pytest.raises(NNError, match="one output, got 2"):
        check_gradients(graph, loss=lambda ctx, y: (y.sum(), np.ones_like(y)), backend=BACKEND)


def test_the_number_of_inputs_has_to_be_the_networks() -> None:
    a, b, shared = Input((3,)), Input((3,)), Linear()
    graph = Graph([a, b], [shared(a), shared(b)])
    with pytest.raises(NNError, match="expected 2 inputs, got 1"):
        check_gradients(graph, np.ones((2, 3)), backend=BACKEND)
