"""Runs a graph: forward to a tape, and the tape backward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from nnscratch.core.context import Context
from nnscratch.core.errors import DTypeError, ShapeError, shape_hint
from nnscratch.core.graph import Graph, Node, Symbol, batched
from nnscratch.core.layer import Gradients, Layer, Values
from nnscratch.core.tape import ALL, Call, Tape
from nnscratch.kernels.ops import Array

Nested = Mapping[str, Values]
"""Arrays by layer path, then by weight name."""
Watch = Callable[[Call], None]
"""Sees calls as they are computed."""
Entry = TypeVar("Entry")


class Plan:
    """What can be known of a graph's runs before the first: who reads what, and what is frozen."""

    def __init__(self, graph: Graph, frozen: frozenset[Layer] = frozenset()):
        self.graph = graph
        self.frozen = frozen
        self.wanted = self._wanted_gradients()
        """The symbols whose gradients training needs: something behind them can learn."""
        self.last_reader = {s: node for node in graph.nodes for s in node.inputs}
        self.activations = self._activations()
        """By a product, the activation that is the only one to read it."""

    def _activations(self) -> Mapping[Node, Node]:
        readers = Counter(symbol for node in self.graph.nodes for symbol in node.inputs)
        read_once = {s for s, count in readers.items() if count == 1} - set(self.graph.outputs)
        return {
            symbol.node: node
            for node in self.graph.nodes
            for symbol in node.inputs
            if node.layer.curve is not None
            and _declared_with_forward(node.layer, "applied")
            and symbol in read_once
            and symbol.node is not None
            and symbol.node.layer.applies_activations
            and _declared_with_forward(symbol.node.layer, "applies_activations")
        }

    def _wanted_gradients(self) -> frozenset[Symbol]:
        wanted: set[Symbol] = set()
        for node in self.graph.nodes:
            learns = any(param.trainable for param in node.spec.params.values())
            if (learns and node.layer not in self.frozen) or not wanted.isdisjoint(node.inputs):
                wanted.add(node.output)
        return frozenset(wanted)


def forward(
    plan: Plan,
    ctx: Context,
    params: Nested,
    state: Nested,
    inputs: Sequence[Array],
    *,
    keep: frozenset[str] = ALL,
    recompute: Callable[[str], Call] | None = None,
    watch: Watch | None = None,
) -> Tape:
    """Run every call of the graph, in order.

    Where nobody is to see what lies between a product and its activation, the product applies it
    to its results at once, to the same bits.

    Args:
        plan: the graph and what is frozen in it.
        ctx: backend, mode and seed.
        params: parameters by layer path and name.
        state: state by layer path and name; each call sees what the one before it left.
        inputs: one array per input of the graph, (N, *shape).
        keep: the fields that every Call keeps; backward needs "cache".
        recompute: finds a whole Call again when a field that was not kept is read.
        watch: is shown each call right after it, before anything of it is freed.

    Raises:
        ShapeError, DTypeError: an input, or what a layer returned, is not as declared.
    """
    graph = plan.graph
    state = dict(state)
    live = _check_inputs(graph, inputs)
    _check_dtypes(params, inputs[0])
    dtype = inputs[0].dtype
    unseen = watch is None and keep.isdisjoint({"inputs", "output"})
    following = plan.activations if unseen else {}
    through = set(following.values())
    calls = []
    for node in graph.nodes:
        key, path = graph.keys[node], graph.paths[node.layer]
        call_ctx = _call_context(plan, ctx, node, True, following.get(node))
        xs = tuple(live[symbol] for symbol in node.inputs)
        state_in = state.get(path, {})
        with naming(key, "forward"):
            y, cache, changed = (
                node.layer.applied(*xs)
                if node in through
                else node.layer.forward(call_ctx, params.get(path, {}), state_in, *xs)
            )
        _check_output(key, node, y, xs[0].shape[0], dtype)
        if changed:
            state[path] = {**state_in, **changed}
        fields = {
            "inputs": xs,
            "output": y,
            "cache": cache,
            "state_in": state_in,
            "state_out": state.get(path, {}),
        }
        sources = tuple(graph.origins[symbol] for symbol in node.inputs)
        call = Call(key, node.layer, fields, recompute, sources)
        if watch is not None:
            watch(call)
        calls.append(call.trimmed(keep))
        live[node.output] = y
        for symbol in node.inputs:
            if plan.last_reader[symbol] is node and symbol not in graph.outputs:
                live.pop(symbol, None)
    outputs = tuple(live[symbol] for symbol in graph.outputs)
    ends = tuple(graph.origins[symbol] for symbol in graph.outputs)
    return Tape(ctx, calls, outputs, state, sources=ends)


def backward(
    plan: Plan,
    tape: Tape,
    params: Nested,
    output_gradients: Sequence[Array | None],
    *,
    keep: frozenset[str] = ALL,
    everything: bool = True,
    watch: Watch | None = None,
) -> Tape:
    """Run the tape backward from the gradients of the loss by the graph's outputs.

    Gradients of a symbol with several readers, and of a parameter with several calls, are summed
    out of place: every call keeps its own share.

    Args:
        plan: as given to `forward`.
        tape: a tape whose calls hold their "cache".
        params: as given to `forward`.
        output_gradients: one per output of the graph; None where the loss does not depend on it.
        keep: the fields that every Call keeps. Unless that is all, the tape is spent: it loses
            each call as soon as that is through, so that its memory serves the calls before it.
        everything: also compute what training does not need: gradients of the graph's inputs,
            and of what lies behind the last frozen layer.
        watch: is shown each call right after its backward pass, before anything of it is freed.

    Raises:
        ShapeError, DTypeError: an output's gradient is not like the output, or a layer's is of
            another shape than its input or parameter.
    """
    graph = plan.graph
    _check_output_gradients(graph, tape.outputs, output_gradients)
    pending: _Sums[Symbol] = _Sums(tape.ctx.xp)
    totals: _Sums[str] = _Sums(tape.ctx.xp)
    calls: list[Call] = []
    batch, dtype = tape.outputs[0].shape[0], tape.outputs[0].dtype

    def gradient_of(symbol: Symbol) -> Array:
        gradient = pending.pop(symbol, None)
        return tape.ctx.xp.zeros((batch, *symbol.shape), dtype) if gradient is None else gradient

    pending.add(zip(graph.outputs, output_gradients, strict=True))
    for node in reversed(graph.nodes):
        key = graph.keys[node]
        call = tape[key] if keep >= ALL else tape.pop(key)
        if everything or node.output in plan.wanted:
            dy = gradient_of(node.output)
            gradients = _backward_call(plan, tape.ctx, node, call, params, dy, everything)
            pending.add(zip(node.inputs, gradients.inputs, strict=True))
            totals.add((f"{call.path}/{name}", dw) for name, dw in gradients.params.items())
            fields = {
                "output_gradient": dy,
                "input_gradients": gradients.inputs,
                "param_gradients": gradients.params,
            }
            call = call.extended(fields)
            if watch is not None:
                watch(call)
        calls.append(call.trimmed(keep))
    input_gradients = tuple(gradient_of(symbol) for symbol in graph.inputs) if everything else ()
    reached, sources = reversed(calls), tape.sources
    return Tape(tape.ctx, reached, tape.outputs, tape.state, totals, input_gradients, sources)


def _declared_with_forward(layer: Layer, name: str) -> bool:
    """Whether the class that has `forward` says so too: who overrides it may do something else."""
    forward, said = (
        next(kind for kind in type(layer).__mro__ if attribute in vars(kind))
        for attribute in ("forward", name)
    )
    return forward is said


class _Sums(dict[Entry, Array]):
    """Arrays that are summed out of place, so that every share stays as it was."""

    def __init__(self, xp: Any):
        self.xp = xp

    def add(self, shares: Iterable[tuple[Entry, Array | None]]) -> None:
        """Add each share to its entry. None is no share."""
        for entry, share in shares:
            if share is not None:
                self[entry] = self.xp.add(self[entry], share) if entry in self else share


def _backward_call(
    plan: Plan, ctx: Context, node: Node, call: Call, params: Nested, dy: Array, everything: bool
) -> Gradients:
    call_ctx = _call_context(plan, ctx, node, everything)
    with naming(call.key, "backward"):
        gradients = node.layer.backward(call_ctx, params.get(call.path, {}), call.cache, dy)
    _check_gradients(call.key, node, dy.shape[0], gradients)
    return gradients


def _call_context(
    plan: Plan, ctx: Context, node: Node, everything: bool, activation: Node | None = None
) -> Context:
    return ctx.for_call(
        plan.graph.keys[node],
        frozen=node.layer in plan.frozen,
        input_gradients=everything or not plan.wanted.isdisjoint(node.inputs),
        activation=None if activation is None else activation.layer.curve,
    )


@contextmanager
def naming(key: str, direction: str) -> Iterator[None]:
    """Let an error that a layer raises say which call it happened in."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {key} ({direction})")
        raise


def _check_inputs(graph: Graph, inputs: Sequence[Array]) -> dict[Symbol, Array]:
    if len(inputs) != len(graph.inputs):
        raise ShapeError(f"model: expected {len(graph.inputs)} input arrays, got {len(inputs)}")
    for symbol, x in zip(graph.inputs, inputs, strict=True):
        if x.shape[1:] != symbol.shape:
            readers = (graph.keys[node] for node in graph.nodes if symbol in node.inputs)
            where = next(readers, "model")
            raise ShapeError(
                f"{where} (forward): expected input {batched(symbol.shape)}, got {x.shape}"
                + shape_hint(symbol.shape, x.shape)
            )
        if x.dtype != inputs[0].dtype or len(x) != len(inputs[0]):
            raise DTypeError(
                f"model: inputs differ, {inputs[0].dtype} x {len(inputs[0])} rows and "
                f"{x.dtype} x {len(x)} rows; give all inputs one dtype and length"
            )
    return dict(zip(graph.inputs, inputs, strict=True))


def _check_dtypes(params: Nested, x: Array) -> None:
    for path, values in params.items():
        for name, value in values.items():
            if value.dtype != x.dtype:
                raise DTypeError(
                    f"model: inputs are {x.dtype}, {path}/{name} is {value.dtype}; "
                    f"cast the inputs: x.astype({str(value.dtype)!r})"
                )


def _check_output(key: str, node: Node, y: Array, batch: int, dtype: Any) -> None:
    expected = (batch, *node.spec.output_shape)
    if y.shape != expected:
        raise ShapeError(f"{key} (forward): declares output {expected}, returned {y.shape}")
    if y.dtype != dtype:
        raise DTypeError(f"{key} (forward): read {dtype}, returned {y.dtype}; keep the dtype")


def _check_output_gradients(
    graph: Graph, outputs: Sequence[Array], gradients: Sequence[Array | None]
) -> None:
    if len(gradients) != len(outputs):
        raise ShapeError(f"model: {len(outputs)} outputs, got {len(gradients)} gradients of them")
    for symbol, y, dy in zip(graph.outputs, outputs, gradients, strict=True):
        if dy is not None and dy.shape != y.shape:
            key = graph.keys[symbol.node] if symbol.node else "model"
            raise ShapeError(f"{key} (backward): output is {y.shape}, its gradient dy {dy.shape}")
        if dy is not None and dy.dtype != y.dtype:
            raise DTypeError(f"model (backward): outputs are {y.dtype}, a gradient is {dy.dtype}")


def _check_gradients(key: str, node: Node, batch: int, gradients: Gradients) -> None:
    if len(gradients.inputs) != len(node.inputs):
        raise ShapeError(
            f"{key} (backward): has {len(node.inputs)} inputs, returned "
            f"{len(gradients.inputs)} input gradients"
        )
    for symbol, dx in zip(node.inputs, gradients.inputs, strict=True):
        if dx is not None and dx.shape != (batch, *symbol.shape):
            raise ShapeError(
                f"{key} (backward): input is {batched(symbol.shape)}, its gradient {dx.shape}"
            )
    trainable = {n: p.shape for n, p in node.spec.params.items() if p.trainable}
    got = {name: gradient.shape for name, gradient in gradients.params.items()}
    if got != trainable:
        raise ShapeError(f"{key} (backward): parameters are {trainable}, gradients {got}")
