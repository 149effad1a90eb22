"""The step pipeline: forward, loss, backward, regularise, clip, decay, optimise, constrain."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from nnscratch.core.context import Context
from nnscratch.core.executor import Nested, Watch, backward, forward
from nnscratch.core.graph import Weight
from nnscratch.core.layer import Values
from nnscratch.core.plan import Plan
from nnscratch.core.step import Batch, Step, Total
from nnscratch.core.store import Arena, by_layer, filled, gathered
from nnscratch.core.tape import ALL, Call, Tape
from nnscratch.kernels.ops import Array
from nnscratch.optimizers.base import Optimizer
from nnscratch.training.compiled import Compiled, Objective


@dataclass(frozen=True)
class Start:
    """Everything that the next step depends on, beside its batch."""

    index: int
    plan: Plan
    ctx: Context
    trained: Arena
    frozen: Arena
    state: Mapping[str, Values]
    slots: Mapping[str, Arena]
    weights: tuple[Weight, ...]
    """The trained ones, in the arena's order."""

    @functools.cached_property
    def params(self) -> Nested:
        """All parameters by layer path and name."""
        return by_layer(self.trained, self.frozen)


class Watcher(Protocol):
    """Sees the calls of a step while it is computed: then nothing need be kept for it."""

    def on_forward(self, call: Call, /) -> None:
        """With each call after its forward pass: its inputs, output, cache and state."""

    def on_backward(self, call: Call, /) -> None:
        """With each call after its backward pass: its gradients."""


def compute_step(
    start: Start,
    compiled: Compiled,
    batch: Batch,
    keep: frozenset[str] = ALL,
    watcher: Watcher | None = None,
) -> Step:
    """One training step as a value; nothing that it is given changes.

    Args:
        start: the parameters, state and slots to start from.
        compiled: losses, metrics and the optimizer.
        batch: the rows to learn from.
        keep: the fields that each call keeps in memory; the others are recomputed when read.
        watcher: sees each call as soon as it is computed.
    """
    ctx, plan, optimizer, whole = start.ctx, start.plan, compiled.optimizer, keep >= ALL
    recompute = None if whole else _recomputation(start, compiled.objective, batch)
    watch = (None, None) if watcher is None else (watcher.on_forward, watcher.on_backward)
    tape = _forward(start, batch, keep, recompute, watch[0])
    data_loss, dys = compiled.objective(ctx, tape.outputs, batch)
    room = functools.cache(functools.partial(_room, start))
    tape = backward(
        plan, tape, start.params, dys, keep=keep, everything=whole, watch=watch[1], room=room
    )
    data = _data_gradients(start, tape, room)
    tape = tape.with_gradients(data)
    penalty, penalties = penalty_of(start), _penalty_gradients(start)
    regularised = any(weight.param.regularizer is not None for weight in start.weights)
    total = ctx.k.add(data.buffer, penalties.buffer) if regularised else data.buffer
    clipped = optimizer.clip(ctx, total, start.trained.layout.slices)
    moved, slots, asked = _move(start, optimizer, clipped)
    after = _constrain(start, _like(start.trained, moved))
    metric_states = compiled.measure(ctx, tape.outputs, batch)
    return Step(
        index=start.index,
        batch=batch,
        data_total=data_loss,
        penalty_total=penalty,
        measured=compiled.results,
        metric_states=metric_states,
        calls=tape,
        before=start.trained,
        frozen=start.frozen,
        data_gradients=data,
        penalty_gradients=penalties,
        total_gradients=_like(start.trained, total).sealed(),
        gradients=_like(start.trained, clipped).sealed(),
        asked=asked,
        after=after,
        state=start.state,
        state_after=tape.state,
        slots=start.slots,
        slots_after={name: _like(start.trained, slot).sealed() for name, slot in slots.items()},
    )


def _forward(
    start: Start,
    batch: Batch,
    keep: frozenset[str],
    recompute: Callable[[str], Call] | None = None,
    watch: Watch | None = None,
) -> Tape:
    return forward(
        start.plan,
        start.ctx,
        start.params,
        start.state,
        batch.inputs,
        keep=keep | {"cache"},
        recompute=recompute,
        watch=watch,
    )


def _recomputation(start: Start, objective: Objective, batch: Batch) -> Callable[[str], Call]:
    """Finds a call again, whole: the same kernels on the same numbers give the same bits."""

    @functools.cache
    def tape() -> Tape:
        again = _forward(start, batch, ALL)
        _, dys = objective(start.ctx, again.outputs, batch)
        return backward(start.plan, again, start.params, dys)

    return lambda key: tape()[key]


def _room(start: Start) -> Arena:
    """Memory for all gradients."""
    like = start.trained.buffer
    return _like(start.trained, start.ctx.backend.empty(like.shape, like.dtype))


def _data_gradients(start: Start, tape: Tape, room: Callable[[], Arena]) -> Arena:
    """The gradients of the loss, side by side."""
    if any(stage.alone for stage in start.plan.stages):
        return filled(room(), tape.gradients)
    trained = start.trained
    return gathered(start.ctx.backend, trained.layout, tape.gradients, trained.buffer.dtype)


def _like(arena: Arena, buffer: Array) -> Arena:
    return Arena(arena.layout, buffer)


def penalty_of(start: Start) -> Total:
    """The sum of the regularisers' penalties on the trained parameters."""
    return Total(
        tuple(
            (1.0, param.regularizer.penalty(start.trained[path]))
            for path, _, _, param in start.weights
            if param.regularizer is not None
        )
    )


def _penalty_gradients(start: Start) -> Arena:
    """0 but for weights with a regulariser. Without any, one 0 stands for all."""
    xp, like = start.ctx.xp, start.trained.buffer
    pairs = [(weight.path, weight.param.regularizer) for weight in start.weights]
    regularisers = [(path, regulariser) for path, regulariser in pairs if regulariser is not None]
    if not regularisers:
        return _like(start.trained, xp.broadcast_to(xp.zeros((), like.dtype), like.shape))
    arena = _like(start.trained, start.ctx.k.zeros_like(like))
    for path, regulariser in regularisers:
        arena[path][...] = regulariser.gradient(start.trained[path])
    return arena.sealed()


def _decay(start: Start, optimizer: Optimizer) -> tuple[Array | None, Array]:
    """What weight decay adds to the parameters, if anything, and what they then are."""
    ctx, params = start.ctx, start.trained.buffer
    decay = optimizer.decay(ctx, params, start.trained.layout.slices, start.index)
    return decay, params if decay is None else ctx.k.add(params, decay)


def _move(
    start: Start, optimizer: Optimizer, gradients: Array
) -> tuple[Array, Mapping[str, Array], Callable[[], Arena]]:
    """The parameters after the step, the slots, and what makes the updates.

    A single pass of ours is a pure function but for the schedule, whose value is kept. Of any other
    rule, which may draw or count, the update is kept.
    """
    ctx, (decay, params) = start.ctx, _decay(start, optimizer)
    given = ctx, params, gradients, _flat(start.slots), start.index
    if type(optimizer).descend is Optimizer.descend:
        update, slots = optimizer.advance(*given)
        return ctx.k.add(params, update), slots, functools.partial(_asked, start, decay, update)
    if not isinstance(optimizer.learning_rate, (int, float)):
        rate = optimizer.learning_rate_at(start.index)
        optimizer = optimizer.with_learning_rate(rate)
    moved, slots = optimizer.descend(*given)
    return moved, slots, functools.partial(_asked_again, start, optimizer, gradients)


def _asked(start: Start, decay: Array | None, update: Array) -> Arena:
    """What the optimizer asked to add to the parameters, weight decay included."""
    asked = update if decay is None else start.ctx.k.add(decay, update)
    return _like(start.trained, asked).sealed()


def _asked_again(start: Start, optimizer: Optimizer, gradients: Array) -> Arena:
    """The same, of an update that was not written down."""
    decay, params = _decay(start, optimizer)
    slots = _flat(start.slots)
    update, _ = optimizer.advance(start.ctx, params, gradients, slots, start.index)
    return _asked(start, decay, update)


def _flat(slots: Mapping[str, Arena]) -> dict[str, Array]:
    return {name: slot.buffer for name, slot in slots.items()}


def _constrain(start: Start, after: Arena) -> Arena:
    for path, _, _, param in start.weights:
        if param.constraint is not None:
            after[path][...] = param.constraint(after[path])
    return after.sealed()
