"""Judge: what a loss wants, found by asking it. Its formula is not looked at, only its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Loss

ROWS = 32
ANYTHING, INSIDE, ABOVE = (-3.0, 3.0), (0.05, 0.95), (1.05, 3.0)
"""Stretches of numbers: of both signs and any size, probabilities, and what is more than one."""
EQUAL = 1e-12
"""Gradients in float64 that differ by less are equal but for roundings."""
LOSES = 0.75
"""A loss that has a gradient by fewer than these of the answers, in terms of others, is clipped."""


@dataclass(frozen=True)
class Answer:
    """What a loss says to answers."""

    value: float
    gradient: Array

    @property
    def finite(self) -> bool:
        """Whether all of it are numbers."""
        return bool(np.isfinite(self.value) and np.isfinite(self.gradient).all())

    @property
    def blind(self) -> float:
        """The share of entries whose gradient is exactly 0."""
        return float(np.mean(self.gradient == 0))


class Judge:
    """A loss, to be asked about answers to some of its targets.

    Args:
        loss: any.
        ctx: for inference.
        target: one per row, as the loss reads them.
        output_shape: of one row's answer.
    """

    def __init__(self, loss: Loss, ctx: Context, target: Array, output_shape: tuple[int, ...]):
        self.loss, self.ctx = loss, ctx
        chosen = np.linspace(0, len(target) - 1, min(ROWS, len(target))).astype(int)
        self.target = target[chosen]
        self.shape = (len(self.target), *output_shape)

    def ask(self, y: Array, target: Array | None = None) -> Answer:
        """The loss of answers, and its gradient by them."""
        given = np.ascontiguousarray(y, np.float64)
        target = self.target if target is None else target
        if target.dtype.kind == "f":
            target = target.astype(np.float64)
        backend = self.ctx.backend
        answers, targets = backend.from_host(given), backend.from_host(target)
        try:
            with np.errstate(all="ignore"):
                value, gradient = self.loss(self.ctx, answers, targets)
        except Exception:  # it is somebody's code, and what it refuses has no loss
            return Answer(np.nan, np.full(given.shape, np.nan))
        return Answer(float(value), backend.to_host(gradient))

    def drawn(self, stretch: tuple[float, float]) -> Array:
        """Answers from a stretch of numbers, (N, ..., K)."""
        return np.random.default_rng(0).uniform(*stretch, self.shape)

    @property
    def wants_probabilities(self) -> bool:
        """Whether it has no use for numbers below 0 and above 1: NaN, or without any gradient.

        A margin has no gradient either where an answer is good enough, and other losses want any
        number above 0: but those call back what is too large. A loss that divides by sums takes
        large numbers of one sign for shares.
        """
        inside, anything = self.ask(self.drawn(INSIDE)), self.ask(self.drawn(ANYTHING))
        if not inside.finite or inside.blind == 1:
            return False
        useless = not anything.finite or (1 - anything.blind) < LOSES * (1 - inside.blind)
        return useless and (self.divides_by_sums or not self.calls_back)

    @property
    def calls_back(self) -> bool:
        """Whether any answer above 1 is told to become smaller."""
        above = self.ask(self.drawn(ABOVE))
        return above.finite and bool((above.gradient > 0).any())

    @property
    def indifferent(self) -> bool:
        """Whether no answer has a gradient: then nothing can be learned."""
        return all(self.ask(self.drawn(part)).blind == 1 for part in (ANYTHING, INSIDE))

    @property
    def heeds_labels(self) -> bool:
        """Whether one label asks for other answers than the next, among others in a batch."""
        return self.heeds(lambda y, target: self.ask(y, target).gradient)

    @property
    def heeds_own_labels(self) -> bool:
        """Whether one label asks for other answers than the next, for a row that comes alone."""
        return self.heeds(self.alone)

    def heeds(self, gradient: Callable[[Array, Array], Array]) -> bool:
        """Whether gradients change when each row gets the label of the one before.

        Of several outputs, they point elsewhere; of one, they are not the same. Answers from 0 to
        1 are tried, and those as large as targets: an absolute error hears of a label only where
        an answer may lie on either side of it.
        """
        turned = np.roll(self.target, 1, axis=0)
        if np.array_equal(turned, self.target):
            return True  # all labels are one: nothing to tell apart
        for stretch in (INSIDE, (float(self.target.min()), float(self.target.max()))):
            y = self.drawn(stretch)
            here, there = directions(gradient(y, self.target)), directions(gradient(y, turned))
            known = here.any(axis=-1) & there.any(axis=-1)  # a gradient of 0 has no direction
            if not np.allclose(here[known], there[known], rtol=0, atol=EQUAL):
                return True
        return False

    def alone(self, y: Array, target: Array) -> Array:
        """The gradient of each answer when its row is the whole batch, (N, ..., K)."""
        rows = (self.ask(y[i : i + 1], target[i : i + 1]).gradient for i in range(len(y)))
        return np.concatenate(list(rows))

    @property
    def multiple(self) -> float:
        """The gradient of all rows in terms of the mean of their own: 1, or N where it sums."""
        y = self.drawn(INSIDE)
        together, own = np.abs(self.ask(y).gradient), np.abs(self.alone(y, self.target))
        mean = float(own.sum() / len(y))
        return float(together.sum() / mean) if mean else float("nan")

    @property
    def divides_by_sums(self) -> bool:
        """Whether it reads a row's outputs as shares of their sum."""
        y = self.drawn(INSIDE)
        whole, half = self.ask(y), self.ask(y / 2)
        alike = whole.finite and np.isclose(whole.value, half.value, rtol=1e-6)
        return bool(alike) and whole.blind < 1

    @property
    def softens(self) -> bool:
        """Whether it reads logits: what is added to all of a row's outputs changes nothing."""
        y = self.drawn(INSIDE)
        here, there = self.ask(y), self.ask(y + 10)
        alike = here.finite and np.isclose(here.value, there.value, rtol=1e-6)
        return bool(alike) and here.blind < 1

    @property
    def boundary(self) -> float:
        """Between no and yes: where both labels cost the same, 0 of logits, else 1/2."""
        if self.target.shape != self.shape or not np.ptp(self.target):
            return 0.5
        none = np.zeros(self.shape)
        labels = (self.target.min(), self.target.max())
        no, yes = (self.ask(none, np.full(self.shape, label)) for label in labels)
        return 0.0 if no.finite and np.isclose(no.value, yes.value, rtol=1e-6) else 0.5

    @property
    def distances(self) -> bool:
        """Whether answers just as far beyond a target as short of it cost the same: a distance."""
        if self.target.shape != self.shape:
            return False
        away = self.drawn(INSIDE)
        beyond, short = self.ask(self.target + away), self.ask(self.target - away)
        return beyond.finite and bool(np.isclose(beyond.value, short.value, rtol=1e-6))


def directions(gradient: Array) -> Array:
    """Gradients of length 1, (N*..., K); of one output as they are."""
    rows = gradient.reshape(-1, gradient.shape[-1])  # (N*..., K)
    if rows.shape[-1] == 1:
        return rows
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)  # (N*..., 1)
    found: Array = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found
