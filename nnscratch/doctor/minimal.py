"""Minimise: the smallest program that still fails for the same cause.

Source: Zeller & Hildebrandt 2002, "Simplifying and isolating failure-inducing input": ddmin.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from nnscratch.core.arguments import number
from nnscratch.core.errors import NNError
from nnscratch.doctor.doctor import Doctor
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.parts import Part, parts_of, told, without
from nnscratch.doctor.program import Program
from nnscratch.doctor.retraining import watched
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.training import feeding
from nnscratch.training.callbacks import CallbackList
from nnscratch.training.loop import Fit, Position

T = TypeVar("T")

SECONDS = 60.0


@dataclass(frozen=True)
class Minimal:
    """A small program with a fault: `nn.diagnose(m.model, m.x, m.y, epochs=m.epochs, ...)`."""

    finding: Finding
    """The first one, as the small program shows it."""
    model: Model
    """With the values that training starts from."""
    x: tuple[Array, ...]
    """By input."""
    y: tuple[Array, ...]
    """By output, as the losses read them."""
    epochs: int
    batch_size: int
    reductions: tuple[str, ...]
    """What is less than it was."""
    tried: int
    """How many programs were trained."""
    complete: bool
    """Whether no single part can be left out any more; if not, time was up."""

    def __str__(self) -> str:
        """A line for each reduction."""
        head = f"{self.finding.cause} stays, in {self.tried} programs that were tried, with:"
        end = [] if self.complete else ["time was up: perhaps less would do"]
        return "\n".join([head, *(f"  {line}" for line in self.reductions), *end])


def minimise(
    model: Model,
    x: Any,
    y: Any,
    *,
    epochs: int = 1,
    batch_size: int | None = None,
    shuffle: bool = True,
    budget: float = SECONDS,
) -> Minimal:
    """Make a failing program smaller, while the doctor's first finding stays the same.

    Rows, epochs, hidden layers and their units are left out, in sets that become ever smaller,
    until each that is left is needed. The model stays as it is.

        >>> import numpy as np, nnscratch as nn
        >>> x = np.random.default_rng(0).standard_normal((160, 4)) * 1000
        >>> layers = [nn.Dense(16, "relu"), nn.Dense(16, "relu"), nn.Dense(1)]
        >>> model = nn.Sequential(layers, seed=0, backend="numpy")
        >>> model.compile(nn.SGD(0.01), "mse")
        >>> small = nn.minimise(model, x, x[:, 0] / 1000, epochs=8)
        >>> small.finding.cause
        'unscaled_input'
        >>> print(len(small.x[0]), small.epochs, list(small.model.graph.layers))
        10 1 ['dense']

    Args:
        model: compiled.
        x, y, epochs, batch_size, shuffle: as `model.fit` takes them.
        budget: seconds; when they are over, the smallest program until then is returned.

    Raises:
        NNError: the doctor finds nothing that is likely at least.
    """
    deadline = time.perf_counter() + number("minimise budget", budget, above=0)
    plan = feeding.fit_plan(batch_size, epochs, 0, shuffle)
    rows = feeding.training_rows(model, x, y, allow_nonfinite=True)
    nobody = CallbackList((), model, {})
    given = Program.of(model, Fit(rows, None, plan, nobody, Position(0, model.iteration)))
    wanted = first_finding(given)
    if wanted is None:
        raise NNError("minimise: the doctor finds nothing in this program that could be kept")
    tried: dict[frozenset[Part], Finding | None] = {}

    def fails(kept: Sequence[Part]) -> bool:
        """Whether a program of these parts has the fault."""
        key = frozenset(kept)
        if key not in tried:
            found = attempt(given, parts, key)
            tried[key] = found if found is not None and found.cause == wanted.cause else None
        return tried[key] is not None

    parts = parts_of(given)
    tried[frozenset(parts)] = wanted
    kept = ddmin(parts, fails, deadline)
    small = without(given, parts, frozenset(kept))
    finding = tried[frozenset(kept)]
    assert finding is not None
    return Minimal(
        finding=finding,
        model=small.build(),
        x=small.rows.inputs,
        y=small.rows.targets,
        epochs=small.plan.epochs,
        batch_size=small.plan.batch_size,
        reductions=tuple(told(given, small)),
        tried=len(tried),
        complete=time.perf_counter() <= deadline,
    )


def attempt(given: Program, parts: Sequence[Part], kept: frozenset[Part]) -> Finding | None:
    """What is found first in a smaller program; None where it is none."""
    try:
        return first_finding(without(given, parts, kept))
    except (NNError, ValueError, TypeError, ArithmeticError):
        return None  # what is left does not fit together


def first_finding(program: Program) -> Finding | None:
    """What a doctor names first, if it is likely."""
    doctor = Doctor()
    watched(program, doctor)
    findings = doctor.diagnosis.findings if doctor.knows else ()
    return next((f for f in findings if f.certainty >= Certainty.likely), None)


def ddmin(items: Sequence[T], fails: Callable[[Sequence[T]], bool], deadline: float) -> list[T]:
    """A subset that still fails, of which no single item can be left out; or what time allows.

    Subsets of half the size are tried, then what is left without one of them, then of a quarter.

    Args:
        items: all of them together fail.
        fails: whether a subset does.
        deadline: by `time.perf_counter`.
    """
    if fails(()):
        return []
    kept, count = list(items), 2
    while len(kept) > 1:
        bounds = [len(kept) * i // count for i in range(count + 1)]
        subsets = [kept[start:stop] for start, stop in pairwise(bounds)]
        rests = [kept[:start] + kept[stop:] for start, stop in pairwise(bounds)]
        for smaller in [*subsets, *rests]:
            if time.perf_counter() > deadline:
                return kept
            if fails(smaller):
                count = 2 if smaller in subsets else max(count - 1, 2)
                kept = smaller
                break
        else:
            if count == len(kept):
                return kept
            count = min(2 * count, len(kept))
    return kept
