"""Gradient checks: a backward pass against differences of its forward pass, on anybody's layer.

Let f be a number that a network computes: sum(dy * y) for random upstream gradients dy, or a
loss. For one input or parameter w and a random unit direction v, the backward pass claims that
f'(0) = gradient . v, where f(t) is f at w + t v. Central differences over h and h/2,

    D(h) = (f(h) - f(-h)) / 2h = f'(0) + h^2 f'''(0) / 6 + O(h^4),

combine to (4 D(h/2) - D(h)) / 3, off by O(h^4) (Richardson 1911). The two numbers agree where
they differ by less than `RTOL` times the larger one plus a floor. The floor is `ATOL` times
sum |dy * y|: differences cannot see less than rounding in that sum, and a gradient that is 0 by
structure has rounding for its own size, so that a relative error alone would mean nothing.

Three things would make agreement or disagreement worthless, and are told apart:

* A kink within h of the point. Let S(h) = (f(h) - 2 f(0) + f(-h)) / h be the gap between the
  one-sided differences. Where f is smooth S(h) - 2 S(h/2) = O(h^3) and D(h) - D(h/2) = O(h^2).
  A kink at distance d <= h with a jump J of the slope adds to the latter J d/2h where d < h/2,
  and to the former J (3 d/h - 1): the two are never small together, unless J is.
* Both numbers are below the floor. A backward pass of zeros would do that too, so the check
  moves w far, by 1, 30 and 1000 per element. If f moves, or breaks, nothing is proven:
  "inconclusive".
* If f stays where it is, at every point tried, and yet is not 0 itself, then f does not depend
  on w: the gradient is 0 and was found to be. "passed (structurally zero)".

A point of the first two kinds is given up for another one, with other dy and v, `TRIES` times.
Arrays given by the caller stay as they are. What a network reads is read-only, so that a layer that
writes to its inputs, its parameters or dy fails on the spot.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.backend import DEFAULT, Backend, get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, ShapeError, look_up
from nnscratch.core.executor import Nested, backward, forward
from nnscratch.core.graph import Graph
from nnscratch.core.layer import Layer, Shape
from nnscratch.core.plan import Plan
from nnscratch.core.store import by_layer
from nnscratch.core.tape import Tape
from nnscratch.kernels.ops import Array
from nnscratch.network import Network
from nnscratch.testing.points import Point, draw_point, graph_around, input_names, sealed
from nnscratch.testing.report import Derivative, Report, Verdict

STEP = 1e-4
RTOL = 1e-6
ATOL = 1e-9
TRIES = 8
BATCH = 3
REACHES = (1.0, 30.0, 1000.0)
"""How far an element is moved to see whether anything depends on it: out of a dead zone, too."""

Loss = Callable[[Context, Array], tuple[Any, Array]]
"""(ctx, y) -> its value and its gradient by y."""
Objective = Callable[[Context, Sequence[Array]], tuple[Any, Sequence[Array]]]
"""The same of all outputs of a network."""


def check_gradients(
    network: Layer | Graph | Network,
    x: Array | Sequence[Array] | None = None,
    in_shapes: Sequence[Shape] | None = None,
    *,
    params: Mapping[str, Array] | None = None,
    loss: Loss | None = None,
    training: bool = True,
    backend: str | None = None,
    seed: int = 0,
) -> Report:
    """Check the gradients of every input and every parameter, in float64.

    Args:
        network: a layer (its activation follows), a graph, or a model.
        x: where to check: the input (N, ...), or a list of inputs; random where None.
        in_shapes: shapes of a lone layer's inputs, without the batch axis, where x is None.
        params: weights by name ("kernel"; in a graph or model "conv2d/kernel"); those not given
            are initialised and nudged. `params=model.params` checks a model where it stands.
        loss: the number to differentiate, from the one output of the network; by default
            sum(dy * y) over all outputs with random dy.
        training: whether dropout drops and batch normalisation uses the batch's moments.
        backend: "numpy" or "numba"; by default the model's own, or "numba".
        seed: of everything random.

    Raises:
        NNError: a lone layer with neither x nor in_shapes, too few or many inputs, or a loss of
            several outputs.
        UnknownNameError, ShapeError: params names no weight of the network, or has another shape.
    """
    xs = [] if x is None else list(x) if isinstance(x, Sequence) else [x]
    plan, home = _plan_of(network, xs, in_shapes), _home_of(network, backend)
    graph = plan.graph
    prefix = f"{graph.paths[network]}/" if isinstance(network, Layer) else ""
    given = _given(graph, xs, {prefix + name: value for name, value in (params or {}).items()})
    ctx = Context(home, training=training, exact=True, seed=(seed,))
    derivatives = [
        dataclasses.replace(derivative, name=name.removeprefix(prefix))
        for name, derivative in _derivatives(plan, ctx, given, loss).items()
    ]
    subject = repr(network) if isinstance(network, Layer) else graph.name or graph.kind
    return Report(f"{subject} on {home.name}", tuple(derivatives))


def _derivatives(
    plan: Plan, ctx: Context, given: Point, loss: Loss | None
) -> dict[str, Derivative]:
    """Try points until every input and parameter has its verdict, or `TRIES` are spent."""
    inputs = input_names(plan.graph)
    batch = len(given[inputs[0]]) if inputs[0] in given else BATCH
    names = inputs + [w.path for w in plan.graph.weights if w.param.trainable]
    found: dict[str, list[Derivative]] = {name: [] for name in names}
    for attempt in range(TRIES):
        rng = np.random.default_rng([*ctx.seed, attempt, 0])
        point = draw_point(plan.graph, ctx.backend, (*ctx.seed, attempt, 1), batch, given)
        objective = _one_output(plan.graph, loss) if loss else _projection(plan.graph, batch, rng)
        scalar = Scalar(plan, ctx, objective)
        here = scalar.differentiate(point)
        for name in names:
            if not _settled(found[name]):
                found[name].append(_probe(scalar, point, here, name, rng))
    return {name: _conclude(tries) for name, tries in found.items()}


def _plan_of(
    network: Layer | Graph | Network, xs: Sequence[Array], in_shapes: Sequence[Shape] | None
) -> Plan:
    """The calls to check, and which of them are frozen."""
    if isinstance(network, Network):
        if xs:
            network.ensure_built(xs[0])
        return network.parameters.plan
    if isinstance(network, Layer):
        shapes = in_shapes or [np.shape(x)[1:] for x in xs]
        if not shapes:
            raise NNError(f"check_gradients({network!r}): give x, or in_shapes such as [(8, 8, 3)]")
        network = graph_around(network, shapes)
    if not isinstance(network, Graph):
        raise NNError(f"check_gradients: expected a layer, a graph or a model, got {network!r}")
    return Plan(network, frozenset(layer for layer in network.paths if not layer.trainable))


def _home_of(network: Layer | Graph | Network, backend: str | None) -> Backend:
    """The backend asked for; else the network's own, or the usual one."""
    if backend is None and isinstance(network, Network):
        return network.backend
    return get_backend(backend or DEFAULT)


def _given(graph: Graph, xs: Sequence[Array], params: Mapping[str, Array]) -> Point:
    """What the caller gave, by name, in float64."""
    known = {weight.path: weight.param.shape for weight in graph.weights}
    for name, value in params.items():
        if np.shape(value) != look_up("weight", name, known):
            raise ShapeError(f"{name}: expected {known[name]}, got {np.shape(value)}")
    if len(xs) not in (0, len(graph.inputs)):
        raise NNError(f"check_gradients: expected {len(graph.inputs)} inputs, got {len(xs)}")
    inputs = dict(zip(input_names(graph), xs, strict=False))
    return {name: np.array(value, np.float64) for name, value in {**inputs, **params}.items()}


def _one_output(graph: Graph, loss: Loss) -> Objective:
    if len(graph.outputs) != 1:
        raise NNError(f"check_gradients: a loss of one output, got {len(graph.outputs)} outputs")

    def objective(ctx: Context, outputs: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        value, dy = loss(ctx, outputs[0])
        return value, [dy]

    return objective


def _projection(graph: Graph, batch: int, rng: np.random.Generator) -> Objective:
    """sum(dy * y) for random dy, which are its gradients."""
    drawn = [sealed(rng.standard_normal((batch, *symbol.shape))) for symbol in graph.outputs]

    def objective(ctx: Context, outputs: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        dys = [ctx.backend.from_host(dy) for dy in drawn]
        return sum(ctx.xp.sum(dy * y) for dy, y in zip(dys, outputs, strict=True)), dys

    return objective


@dataclass(frozen=True)
class Local:
    """A scalar at one point."""

    value: float
    gradients: Mapping[str, Array]
    floor: float
    """What counts as 0 in its derivatives."""


@dataclass(frozen=True)
class Scalar:
    """A number as a function of everything that a network reads: inputs, weights and state."""

    plan: Plan
    ctx: Context
    objective: Objective

    def __call__(self, point: Point) -> float:
        """The number at a point."""
        value, _ = self.objective(self.ctx, self._forward(point).outputs)
        return float(value)

    def differentiate(self, point: Point) -> Local:
        """The number and its gradients by the backward pass."""
        tape = self._forward(point)
        value, dys = self.objective(self.ctx, tape.outputs)
        pairs = zip(dys, tape.outputs, strict=True)
        size = sum(float(self.ctx.xp.sum(abs(dy * y))) for dy, y in pairs)
        tape = backward(self.plan, tape, self._split(point)[0], dys)
        names = input_names(self.plan.graph)
        gradients = {**dict(zip(names, tape.input_gradients, strict=True)), **tape.gradients}
        host = {name: self.ctx.backend.to_host(g) for name, g in gradients.items()}
        return Local(float(value), host, ATOL * max(size, abs(float(value))))

    def _split(self, point: Point) -> tuple[Nested, Nested]:
        """The weights of a point: parameters and state."""
        groups: tuple[dict[str, Array], dict[str, Array]] = {}, {}
        for path, _, _, param in self.plan.graph.weights:
            groups[not param.trainable][path] = self.ctx.backend.from_host(point[path])
        return by_layer(groups[0]), by_layer(groups[1])

    def _forward(self, point: Point) -> Tape:
        inputs = [self.ctx.backend.from_host(point[name]) for name in input_names(self.plan.graph)]
        return forward(self.plan, self.ctx, *self._split(point), inputs)


def _probe(
    scalar: Scalar, point: Point, here: Local, name: str, rng: np.random.Generator
) -> Derivative:
    """Compare backward pass and differences along one random direction."""
    direction = rng.standard_normal(point[name].shape)
    direction /= np.linalg.norm(direction)

    def f(step: float) -> float:
        return scalar({**point, name: point[name] + step * direction})

    def differences(h: float) -> tuple[float, float]:
        """D(h) and S(h) of the module."""
        ahead, behind = f(h), f(-h)
        return (ahead - behind) / (2 * h), (ahead - 2 * here.value + behind) / h

    slope, gap = differences(STEP)
    half_slope, half_gap = differences(STEP / 2)
    analytic = float(np.sum(here.gradients[name] * direction))
    numeric = (4 * half_slope - slope) / 3
    verdict = Verdict.FAILED
    if max(abs(slope - half_slope), abs(gap - 2 * half_gap)) > RTOL * abs(numeric) + here.floor:
        verdict = Verdict.KINK
    elif max(abs(analytic), abs(numeric)) <= here.floor:
        # A unit direction times sqrt(size) moves an element by 1 in the quadratic mean.
        unit = math.sqrt(direction.size)
        still = all(abs(f(reach * unit) - here.value) <= here.floor for reach in REACHES)
        verdict = Verdict.ZERO if still and here.floor > 0 else Verdict.INCONCLUSIVE
    elif abs(analytic - numeric) <= RTOL * max(abs(analytic), abs(numeric)) + here.floor:
        verdict = Verdict.PASSED
    return Derivative(name, verdict, analytic, numeric, here.floor)


def _settled(found: Sequence[Derivative]) -> bool:
    """Whether the last try decided: other points could not change that."""
    return bool(found) and found[-1].verdict in (Verdict.PASSED, Verdict.FAILED)


def _conclude(found: Sequence[Derivative]) -> Derivative:
    """The try that decided; else the first that speaks against a structural zero."""
    undecided = [derivative for derivative in found if derivative.verdict is not Verdict.ZERO]
    return found[-1] if _settled(found) or not undecided else undecided[0]
