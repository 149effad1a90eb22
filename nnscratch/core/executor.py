"""Runs a graph: forward to a tape, and the tape backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from nnscratch.core.context import NO_ROOM, Context
from nnscratch.core.errors import DTypeError, ShapeError, shape_hint
from nnscratch.core.graph import Graph, Node, Symbol, batched
from nnscratch.core.layer import Gradients, Output, Values
from nnscratch.core.plan import Plan, Stage
from nnscratch.core.tape import ALL, Call, Tape
from nnscratch.kernels.ops import Array, Ops

Nested = Mapping[str, Values]
"""Arrays by layer path, then by weight name."""
Watch = Callable[[Call], None]
"""Sees calls as they are computed."""
Entry = TypeVar("Entry")


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
    graph, state, calls = plan.graph, dict(state), list[Call]()
    live = _check_inputs(graph, inputs)
    _check_dtypes(params, inputs[0])
    unseen = watch is None and keep.isdisjoint({"inputs", "output"})
    following = plan.activations if unseen else {}
    applied = set(following.values())
    for stage in plan.stages:
        xs = tuple([live[symbol] for symbol in stage.inputs])
        before = state.get(stage.path, {})
        if stage.node in applied:
            fields = _forward_call(stage, before, xs, stage.layer.applied)
        else:
            call_ctx = _call_context(stage, ctx, True, following.get(stage.node))
            forward = partial(stage.layer.forward, call_ctx, params.get(stage.path, {}), before)
            fields = _forward_call(stage, before, xs, forward)
        call = Call(stage.key, stage.layer, fields, recompute, stage.sources)
        if watch is not None:
            watch(call)
        calls.append(call.trimmed(keep))
        live[stage.node.output] = fields["output"]
        if fields["state_out"] is not before:
            state[stage.path] = fields["state_out"]
        for symbol in stage.done:
            del live[symbol]
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
    room: Callable[[], Mapping[str, Array]] | None = None,
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
        room: makes memory for the gradients of all trained weights, by path, as soon as one is
            large and a call's alone: that is written there.

    Raises:
        ShapeError, DTypeError: an output's gradient is not like the output, or a layer's is of
            another shape than its input or parameter.
    """
    graph = plan.graph
    _check_output_gradients(graph, tape.outputs, output_gradients)
    pending: _Sums[Symbol] = _Sums(tape.ctx.k)
    totals: _Sums[str] = _Sums(tape.ctx.k)
    calls: list[Call] = []
    batch, dtype = tape.outputs[0].shape[0], tape.outputs[0].dtype

    def gradient_of(symbol: Symbol) -> Array:
        gradient = pending.pop(symbol, None)
        return tape.ctx.xp.zeros((batch, *symbol.shape), dtype) if gradient is None else gradient

    pending.add(zip(graph.outputs, output_gradients, strict=True))
    for stage in reversed(plan.stages):
        call = tape[stage.key] if keep >= ALL else tape.pop(stage.key)
        if everything or stage.node.output in plan.wanted:
            call_ctx = _call_context(stage, tape.ctx, everything, room=_places(stage, room))
            own, dy = params.get(stage.path, {}), gradient_of(stage.node.output)
            fields = _backward_call(stage, call_ctx, call, own, dy)
            call = call.extended(fields)
            pending.add(zip(stage.inputs, call.input_gradients, strict=True))
            totals.add((f"{stage.path}/{n}", dw) for n, dw in call.param_gradients.items())
            if watch is not None:
                watch(call)
        calls.append(call.trimmed(keep))
    input_gradients = tuple(gradient_of(symbol) for symbol in graph.inputs) if everything else ()
    reached, sources = reversed(calls), tape.sources
    return Tape(tape.ctx, reached, tape.outputs, tape.state, totals, input_gradients, sources)


class _Sums(dict[Entry, Array]):
    """Arrays that are summed out of place, so that every share stays as it was."""

    def __init__(self, k: Ops):
        self.k = k

    def add(self, shares: Iterable[tuple[Entry, Array | None]]) -> None:
        """Add each share to its entry. None is no share."""
        for entry, share in shares:
            if share is not None:
                self[entry] = self.k.add(self[entry], share) if entry in self else share


def _forward_call(
    stage: Stage, state_in: Values, xs: tuple[Array, ...], forward: Callable[..., Output]
) -> dict[str, Any]:
    """What a call reads, computes and leaves, by the names of a Call's fields."""
    with naming(stage.key, "forward"):
        y, cache, changed = forward(*xs)
    _check_output(stage, y, xs[0])
    state_out = {**state_in, **changed} if changed else state_in
    return {
        "inputs": xs,
        "output": y,
        "cache": cache,
        "state_in": state_in,
        "state_out": state_out,
    }


def _backward_call(
    stage: Stage, ctx: Context, call: Call, params: Values, dy: Array
) -> dict[str, Any]:
    """The gradients of a call, by the names of a Call's fields."""
    with naming(stage.key, "backward"):
        gradients = stage.layer.backward(ctx, params, call.cache, dy)
    _check_gradients(stage, dy, gradients)
    return {
        "output_gradient": dy,
        "input_gradients": gradients.inputs,
        "param_gradients": gradients.params,
    }


def _places(stage: Stage, room: Callable[[], Mapping[str, Array]] | None) -> Mapping[str, Array]:
    if room is None or not stage.alone:
        return NO_ROOM
    return {name: room()[f"{stage.path}/{name}"] for name in stage.alone}


def _call_context(
    stage: Stage,
    ctx: Context,
    everything: bool,
    activation: Node | None = None,
    room: Mapping[str, Array] = NO_ROOM,
) -> Context:
    return ctx.for_call(
        stage.key,
        frozen=stage.frozen,
        input_gradients=everything or stage.wanted,
        room=room,
        activation=None if activation is None else activation.layer.curve,
    )


class naming:  # noqa: N801 (read as a verb: with naming(...))
    """Let an error that a layer, a loss or a metric raises say where it happened."""

    __slots__ = ("key", "part")

    def __init__(self, key: str, part: str):
        self.key, self.part = key, part

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(f"in {self.key} ({self.part})")


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


def _check_output(stage: Stage, y: Array, x: Array) -> None:
    expected = (len(x), *stage.node.output.shape)
    if y.shape != expected:
        raise ShapeError(f"{stage.key} (forward): declares output {expected}, returned {y.shape}")
    if y.dtype != x.dtype:
        raise DTypeError(f"{stage.key} (forward): read {x.dtype}, returned {y.dtype}; keep it")


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


def _check_gradients(stage: Stage, dy: Array, gradients: Gradients) -> None:
    key, batch, dtype = stage.key, len(dy), dy.dtype
    if len(gradients.inputs) != len(stage.inputs):
        raise ShapeError(
            f"{key} (backward): has {len(stage.inputs)} inputs, returned "
            f"{len(gradients.inputs)} input gradients"
        )
    for symbol, dx in zip(stage.inputs, gradients.inputs, strict=True):
        if dx is not None and dx.shape != (batch, *symbol.shape):
            raise ShapeError(
                f"{key} (backward): input is {batched(symbol.shape)}, its gradient {dx.shape}"
            )
        if dx is not None and dx.dtype != dtype:
            raise DTypeError(
                f"{key} (backward): dy is {dtype}, an input gradient {dx.dtype}; keep it"
            )
    for name, gradient in gradients.params.items():
        if gradient.dtype != dtype:
            raise DTypeError(
                f"{key} (backward): dy is {dtype}, the gradient of {name} {gradient.dtype}; keep it"
            )
    got = {name: gradient.shape for name, gradient in gradients.params.items()}
    if got != stage.trainable:
        raise ShapeError(f"{key} (backward): parameters are {stage.trainable}, gradients {got}")
