"""One layer on trial: what it reads, what it returns, and how a broken rule is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnscratch.backend import DEFAULT, get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.core.store import by_layer
from nnscratch.kernels.ops import Array
from nnscratch.testing.gradients import BATCH
from nnscratch.testing.points import draw_point, graph_around, input_names


class ConformanceError(NNError, AssertionError):
    """A layer breaks a rule that the framework relies on."""


@dataclass(frozen=True)
class Arguments:
    """All arrays that one call of a layer reads."""

    params: Values
    state: Values
    xs: tuple[Array, ...]
    dy: Array

    def named(self) -> Iterator[tuple[str, Array]]:
        """Every array with what to call it."""
        yield from ((f"input {position}", x) for position, x in enumerate(self.xs))
        yield from ((f"parameter {name}", value) for name, value in self.params.items())
        yield from state_names(self.state).items()
        yield "dy", self.dy

    def map(self, change: Callable[[Array], Array]) -> Arguments:
        """The same call with every array changed."""
        return Arguments(
            {name: change(value) for name, value in self.params.items()},
            {name: change(value) for name, value in self.state.items()},
            tuple(change(x) for x in self.xs),
            change(self.dy),
        )


@dataclass(frozen=True)
class Trial:
    """A layer, what it reads, and where and how it runs."""

    layer: Layer
    in_shapes: Sequence[Shape]
    backend: str = DEFAULT
    training: bool = True
    seed: int = 0

    @property
    def spec(self) -> Spec:
        """What the layer declares."""
        return self.layer.spec(*self.in_shapes)

    @property
    def ctx(self) -> Context:
        """What the layer may know while it runs."""
        home = get_backend(self.backend)
        frozen = not self.layer.trainable
        return Context(home, self.training, exact=True, seed=(self.seed,), frozen=frozen)

    def arguments(self, batch: int = BATCH) -> Arguments:
        """New random arrays for one call, in float64; the same ones every time."""
        graph = graph_around(self.layer, self.in_shapes)
        point = draw_point(graph, self.ctx.backend, (self.seed,), batch, {})
        values = by_layer(point).get(graph.paths[self.layer], {})
        params = self.spec.params
        dy = np.random.default_rng(self.seed).standard_normal((batch, *self.spec.output_shape))
        drawn = Arguments(
            {name: values[name] for name, param in params.items() if param.trainable},
            {name: values[name] for name, param in params.items() if not param.trainable},
            tuple(point[name] for name in input_names(graph)),
            dy,
        )
        return drawn.map(lambda array: self.ctx.backend.from_host(array.copy()))

    def forward(self, arguments: Arguments) -> Output:
        """Call the layer."""
        return self.layer.forward(self.ctx, arguments.params, arguments.state, *arguments.xs)

    def backward(self, arguments: Arguments, output: Output) -> Gradients:
        """Call the layer's backward pass for an output."""
        return self.layer.backward(self.ctx, arguments.params, output.cache, arguments.dy)

    def run(self, arguments: Arguments) -> Mapping[str, Array]:
        """Everything that forward and backward return, by name."""
        output = self.forward(arguments)
        gradients = self.backward(arguments, output)
        return output_names(output) | gradient_names(gradients)

    def expect(self, kept: bool, problem: str) -> None:
        """Raise unless a rule was kept."""
        if not kept:
            raise ConformanceError(f"{self.layer!r} on {self.backend}: {problem}")


def state_names(state: Values) -> dict[str, Array]:
    """The arrays of a layer's state by what to call them."""
    return {f"state {name}": value for name, value in state.items()}


def output_names(output: Output) -> dict[str, Array]:
    """What forward returned, by what to call it."""
    return {"y": output.y} | state_names(output.state)


def gradient_names(gradients: Gradients) -> dict[str, Array]:
    """What backward returned, by what to call it."""
    inputs = {f"dx {i}": dx for i, dx in enumerate(gradients.inputs) if dx is not None}
    return inputs | {f"d{name}": gradient for name, gradient in gradients.params.items()}
