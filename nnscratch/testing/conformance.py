"""What every layer must keep: one check function per rule.

`check_layer` runs them all on anybody's layer. Each raises an error that names the layer, the
rule and what was seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnscratch.backend import DEFAULT
from nnscratch.core.errors import ShapeError
from nnscratch.core.executor import forward
from nnscratch.core.layer import Gradients, Layer, Shape
from nnscratch.core.plan import Plan
from nnscratch.kernels.ops import Array
from nnscratch.testing.gradients import check_gradients
from nnscratch.testing.points import graph_around
from nnscratch.testing.trial import Trial, gradient_names, output_names, state_names

FLOAT64_TOLERANCE = 1e-12
FLOAT32_TOLERANCE = 1e-4
"""Largest error that rounding may cause, as a part of the largest number beside it."""


def check_shapes(trial: Trial) -> None:
    """Output, state and gradients have the shapes that `spec` declares."""
    arguments = trial.arguments()
    y_shape = (len(arguments.dy), *trial.spec.output_shape)
    expected = {"y": y_shape, **shapes(state_names(arguments.state))}
    output = trial.forward(arguments)
    expect_shapes(trial, shapes(output_names(output)), expected)
    gradients = trial.backward(arguments, output)
    expected = shapes(gradient_names(Gradients(arguments.xs, arguments.params)))
    expect_shapes(trial, shapes(gradient_names(gradients)), expected)
    trial.expect(
        len(gradients.inputs) == len(arguments.xs)
        and set(gradients.params) == set(arguments.params),
        f"has gradients {list(shapes(gradient_names(gradients)))}, expected {list(expected)}",
    )


def check_arguments_unmodified(trial: Trial) -> None:
    """Inputs, parameters, state and dy are as they were."""
    arguments = trial.arguments()
    before = arguments.map(np.copy)
    trial.run(arguments)
    for (name, now), (_, then) in zip(arguments.named(), before.named(), strict=True):
        trial.expect(same_bits(now, then), f"writes to {name}; compute a new array instead")


def check_aliases(trial: Trial) -> None:
    """The output shares no memory with what the layer reads, unless it says so: `aliases`."""
    arguments = trial.arguments()
    y = trial.forward(arguments).y
    for name, array in arguments.named():
        declared = trial.layer.aliases and name.startswith("input")
        trial.expect(
            declared or not np.shares_memory(y, array),
            f"its output is a view of {name}; copy it, or declare `aliases = True`",
        )


def check_non_contiguous(trial: Trial) -> None:
    """Arrays with gaps between their elements give the same numbers."""
    arguments = trial.arguments()
    expected = trial.run(arguments)
    for name, got in trial.run(arguments.map(spread)).items():
        expect_close(trial, f"{name} of non-contiguous arrays", got, expected[name])


def check_batch_of_one(trial: Trial) -> None:
    """A single row can be run, and in inference gives what it gives among others."""
    trial.run(trial.arguments(batch=1))
    inference = dataclasses.replace(trial, training=False)
    arguments = inference.arguments()
    alone = dataclasses.replace(
        arguments, xs=tuple(x[:1] for x in arguments.xs), dy=arguments.dy[:1]
    )
    y = inference.forward(arguments).y
    expect_close(inference, "y of one row", inference.forward(alone).y, y[:1])


def check_float32_stays(trial: Trial) -> None:
    """From float32 arrays come float32 arrays."""
    for name, array in trial.run(trial.arguments().map(to_float32)).items():
        trial.expect(array.dtype == np.float32, f"{name} of float32 arrays is {array.dtype}")


def check_float32_accuracy(trial: Trial) -> None:
    """Float32 results are the float64 ones, but for rounding."""
    rounded = trial.arguments().map(to_float32)
    exact = trial.run(rounded.map(lambda array: array.astype(np.float64)))
    for name, got in trial.run(rounded).items():
        expect_close(trial, f"{name} in float32", got, exact[name], FLOAT32_TOLERANCE)


def check_backward_twice(trial: Trial) -> None:
    """A cache may be read again, to the same bits."""
    arguments = trial.arguments()
    output = trial.forward(arguments)
    first = {n: g.copy() for n, g in gradient_names(trial.backward(arguments, output)).items()}
    for name, again in gradient_names(trial.backward(arguments, output)).items():
        trial.expect(same_bits(again, first[name]), f"{name} differs when backward runs again")


def check_derivatives(trial: Trial) -> None:
    """The gradients are the derivatives: see `gradients`."""
    check_gradients(
        trial.layer,
        in_shapes=trial.in_shapes,
        training=trial.training,
        backend=trial.backend,
        seed=trial.seed,
    ).assert_passed()


def check_second_call(trial: Trial) -> None:
    """Two calls of one layer, both forward before either goes backward, sum their gradients."""
    graph = graph_around(trial.layer, trial.in_shapes, calls=2)
    report = check_gradients(graph, training=trial.training, backend=trial.backend, seed=trial.seed)
    trial.expect(report.ok, f"a second call of the layer gets wrong gradients\n{report}")


def check_inference_state(trial: Trial) -> None:
    """Inference changes no state."""
    inference = dataclasses.replace(trial, training=False)
    arguments = inference.arguments()
    for name, value in inference.forward(arguments).state.items():
        inference.expect(
            same_bits(value, arguments.state[name]), f"inference changes the state {name}"
        )


def check_wrong_shape(trial: Trial) -> None:
    """Arrays of a shape that the layer was not connected for raise a ShapeError.

    So do shapes that it cannot be connected for; what `spec` does accept, the layer can run.
    """
    arguments = trial.arguments()
    graph = graph_around(trial.layer, trial.in_shapes)
    path = graph.paths[trial.layer]
    xs = [x[..., np.newaxis] for x in arguments.xs]
    values = {path: arguments.params}, {path: arguments.state}
    run = partial(forward, Plan(graph), trial.ctx, *values, xs)
    trial.expect(
        refuses_shape(trial, "forward", run),
        f"was connected for {trial.in_shapes}, but ran on {xs[0].shape}",
    )
    for in_shapes in other_shapes(trial.in_shapes):
        if not refuses_shape(
            trial, f"spec{tuple(in_shapes)}", partial(trial.layer.spec, *in_shapes)
        ):
            check_shapes(dataclasses.replace(trial, in_shapes=in_shapes))


def other_shapes(in_shapes: Sequence[Shape]) -> Iterator[list[Shape]]:
    """Inputs that some layers can read and others cannot."""
    first, *rest = in_shapes
    for other in (first[1:], (*first, 1), tuple(1 for _ in first)):
        yield [other, *rest]
        yield [other for _ in in_shapes]


def refuses_shape(trial: Trial, what: str, run: Callable[[], object]) -> bool:
    """Whether a call raises a ShapeError, rather than stumbling over the shapes that it gets."""
    try:
        run()
    except ShapeError:
        return True
    except (IndexError, TypeError, ValueError) as error:
        trial.expect(False, f"{what} raises {error!r}; raise a ShapeError that says what it reads")
    return False


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays are equal in dtype, shape and every bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def shapes(arrays: Mapping[str, Array]) -> dict[str, Shape]:
    """The shape of each array."""
    return {name: array.shape for name, array in arrays.items()}


def expect_shapes(trial: Trial, got: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Raise unless all that came was expected, with its shape."""
    for name, shape in got.items():
        trial.expect(name in expected, f"returns {name}, which spec does not declare")
        trial.expect(
            shape == expected[name], f"{name} has the shape {shape}, spec declares {expected[name]}"
        )


def expect_close(
    trial: Trial, what: str, got: Array, expected: Array, tolerance: float = FLOAT64_TOLERANCE
) -> None:
    """Raise unless two arrays agree, relative to the largest number (or 1) in them."""
    got, expected = map(trial.ctx.backend.to_host, (got, expected))
    trial.expect(got.shape == expected.shape, f"{what} has the shape {got.shape}")
    size = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    worst = float(np.max(np.abs(got - expected), initial=0.0))
    trial.expect(
        worst <= tolerance * size, f"{what} differs by {worst:.3g} (numbers to {size:.3g})"
    )


def spread(array: Array) -> Array:
    """An equal array with gaps between its elements, along every axis, and these in other order."""
    every_second: Any = (..., *[slice(None, None, 2)] * array.ndim)
    wide = tuple(2 * length for length in reversed(array.shape))
    gapped = np.full_like(array, np.nan, order="C", shape=wide)  # where the array is
    view: Array = gapped[every_second].T
    view[...] = array
    return view


def to_float32(array: Array) -> Array:
    """The array in float32."""
    return array.astype(np.float32)


CHECKS: tuple[Callable[[Trial], None], ...] = (
    check_shapes,
    check_arguments_unmodified,
    check_aliases,
    check_non_contiguous,
    check_batch_of_one,
    check_float32_stays,
    check_float32_accuracy,
    check_backward_twice,
    check_derivatives,
    check_second_call,
    check_inference_state,
    check_wrong_shape,
)


def check_layer(
    layer: Layer,
    in_shapes: Sequence[Shape],
    *,
    training: bool = True,
    backend: str = DEFAULT,
    seed: int = 0,
) -> None:
    """Check a layer's gradients and all that the framework relies on besides.

    Args:
        layer: any layer; its activation is checked along with its gradients only.
        in_shapes: shapes of its inputs, without the batch axis.
        training: whether to check it as it trains or as it infers.
        backend: "numpy" or "numba".
        seed: of all arrays and masks.

    Raises:
        ConformanceError, GradientError: the first rule that the layer breaks.
    """
    trial = Trial(layer, in_shapes, backend, training, seed)
    for check in CHECKS:
        check(trial)
