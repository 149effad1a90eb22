"""Survey: a network and its weights at one moment, on the same training rows every time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.core.describe import norm
from nnscratch.core.step import Batch, Step
from nnscratch.core.store import host
from nnscratch.core.tape import Call
from nnscratch.doctor.moving_moments import MovingMoments, moving_moments
from nnscratch.inspect import units
from nnscratch.inspect.attenuation import Attenuation, attenuation
from nnscratch.inspect.shares import Shares, shares
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.training.loop import infer

ROWS = 256
"""So many are answered ..."""
LEAST = 64
"""... and so many at least are trained on, as if the next step were theirs."""
PART = 0.04
"""Of all the rows of a training, over all epochs: what a survey may cost."""


@dataclass(frozen=True)
class Activity:
    """What a call puts out, over all surveyed rows."""

    role: str
    largest: float
    """Magnitude of an entry."""
    rms: float
    """Root of the mean square."""
    varies: float
    """Standard deviation from row to row, of the mean unit: 0 where the input is forgotten."""
    silent: int
    """Units that never fire."""
    units: int
    saturated: float
    """Share of entries where the activation is flat; 0 where it never is."""
    two_ended: bool
    """Whether the activation is flat at both ends, as sigmoids are and ReLU is not."""
    total: float | None
    """What the units of every row and place sum to, where that is one number: 1 of a softmax."""
    noise: float = 0.0
    """Mean square of what a call of noise adds in training, in terms of its input's."""
    silences: bool = False
    """Whether that is by leaving entries out, as dropout does."""


@dataclass(frozen=True)
class Kernel:
    """A trained weight."""

    units: int
    constant: float | None
    """What every weight is, where all of them are one number."""
    distinct: int
    """Units that differ from each other; as many as there are, as a rule."""
    distinct_gradients: int
    """Units whose gradients differ from each other."""
    swallowed: float
    """Share of the numbers whose update is not 0 and yet changes nothing: below half an ulp."""
    value: float
    """Norm."""
    gradient: float
    update: float

    @property
    def gain(self) -> float:
        """Root of the mean square of the units' norms: |y| / |x| of inputs without correlation.

        With first weights of variance 1 / inputs it is 1, with He's 1.4.
        """
        return self.value / math.sqrt(self.units)


@dataclass(frozen=True)
class Survey:
    """What was seen."""

    index: int
    """Steps taken so far."""
    loss: float
    """In training mode, on some rows, before the step that is computed here."""
    penalty: float
    quiet_loss: float
    """In inference mode, on the same rows; without the penalty."""
    answers: tuple[Array, ...]
    """Each output's answers (ROWS, ...) to more of them, in inference mode."""
    activities: Mapping[str, Activity]
    """By call."""
    kernels: Mapping[str, Kernel]
    """By path."""
    attenuation: Attenuation
    """What each call lets through of the gradient."""
    shares: Shares
    """Of each call of the shared layers in their gradients."""
    norms: Mapping[str, MovingMoments]
    """By call, of those that normalise by a batch's moments and keep moving averages of them."""
    output: int = 0
    """The one that is looked at."""

    @property
    def y(self) -> Array:
        """That output's answers."""
        return self.answers[self.output]


def survey(model: Model, rows: Batch, epochs: int) -> Survey:
    """Look at a model, before or after it is trained on rows; nothing of it changes."""
    start = model.start(model.context(training=False))
    few = sample(rows, max(LEAST, int(PART * epochs * len(rows)))).on(model.backend)
    quiet_loss, _ = model.compiled.objective(start.ctx, infer(start, few.inputs), few)
    step = model.compute_step(few)
    return Survey(
        index=step.index,
        loss=step.loss,
        penalty=step.penalty,
        quiet_loss=float(quiet_loss),
        answers=answers(model, sample(rows).inputs),
        activities={key: activity(call) for key, call in step.calls.items()},
        kernels=kernels(step),
        attenuation=attenuation(step),
        shares=shares(step),
        norms={k: seen for k, call in step.calls.items() if (seen := moving_moments(call))},
    )


def answers(model: Model, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Each output's answers (n, ...), in inference mode, on the host."""
    start = model.start(model.context(training=False))
    return tuple(model.backend.to_host(y) for y in infer(start, tuple(inputs)))


def activity(call: Call) -> Activity:
    """What is told of a call."""
    y = host(call.output)
    flat = y.reshape(-1, y.shape[-1])  # (rows and places, units)
    bounds = call.layer.saturation
    saturated = 0.0 if bounds is None else np.mean((flat <= bounds[0]) | (flat >= bounds[1]))
    return Activity(
        role=call.layer.role,
        largest=units.largest(flat),
        rms=norm(flat) / np.sqrt(max(flat.size, 1)),
        varies=float(np.mean(np.std(y.reshape(len(y), -1), axis=0, dtype=np.float64))),
        silent=units.silent(y, bounds),
        units=y.shape[-1],
        saturated=float(saturated),
        two_ended=bounds is not None and bool(np.isfinite(bounds).all()),
        total=one_number(flat.sum(axis=-1)) if call.layer.role == "activation" else None,
        **(disturbance(call) if call.layer.role == "noise" else {}),
    )


def disturbance(call: Call) -> dict[str, Any]:
    """What a call of noise does to its input; of dropout the noise is rate / (1 - rate)."""
    x, y = (host(array).astype(np.float64) for array in (call.inputs[0], call.output))
    size = float(np.mean(x * x))
    noise = float(np.mean((y - x) ** 2)) / size if size else 0.0
    return {"noise": noise, "silences": bool(np.any((y == 0) & (x != 0)))}


def kernels(step: Step) -> dict[str, Kernel]:
    """The trained weights of two axes and more."""
    found = {}
    for path, value in step.before.items():
        if value.ndim < 2:
            continue
        found[path] = Kernel(
            units=value.shape[-1],
            constant=float(value.flat[0]) if np.ptp(value) == 0 else None,
            distinct=units.distinct(value),
            distinct_gradients=units.distinct(step.total_gradients[path]),
            swallowed=float(np.mean((step.updates[path] != 0) & (step.after[path] == value))),
            value=norm(value),
            gradient=norm(step.total_gradients[path]),
            update=norm(step.updates[path]),
        )
    return found


def one_number(numbers: Array) -> float | None:
    """What all of them are but for roundings; None where they differ."""
    first = float(numbers[0])
    return first if np.allclose(numbers, first, rtol=1e-4, atol=0) else None


def sample(rows: Batch, count: int = ROWS) -> Batch:
    """Rows from the whole set, evenly spaced, no more than `ROWS`."""
    n = len(rows)
    chosen = np.unique(np.linspace(0, n - 1, min(n, count, ROWS)).astype(int))
    weights = None if rows.weights is None else rows.weights[chosen]
    inputs = tuple(x[chosen] for x in rows.inputs)
    return Batch(inputs, tuple(y[chosen] for y in rows.targets), weights)
