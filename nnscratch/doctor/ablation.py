"""Ablation: which inputs the answers of a trained model depend on.

One input at a time is permuted over the rows: its numbers stay likely ones, but tell nothing of
their rows any more. What that takes from the score is what the model had from it.

Source: Breiman 2001, "Random Forests", Machine Learning 45, section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.core.describe import number
from nnscratch.core.step import Batch
from nnscratch.doctor.program import Program
from nnscratch.doctor.survey import answers, sample
from nnscratch.doctor.task import Task
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.training import feeding
from nnscratch.training.batches import order
from nnscratch.training.loop import FitPlan


@dataclass(frozen=True)
class Ablated:
    """What is left without one input, or one column of it."""

    name: str
    score: float
    moved: float
    """The largest change of a number of the answers; where it is exactly 0, none depends on it."""


@dataclass(frozen=True)
class Ablation:
    """What a model's answers rest on."""

    measure: str
    """What scores are: accuracy or R2."""
    score: float
    """With all inputs as they are."""
    inputs: tuple[Ablated, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """The inputs that change no answer."""
        return tuple(one.name for one in self.inputs if one.moved == 0)

    def __str__(self) -> str:
        """A line for each, those first that matter most."""
        worst = sorted(self.inputs, key=lambda one: one.score)
        lines = (
            f"without {one.name}: {number(one.score)}, "
            + (f"answers move by up to {number(one.moved)}" if one.moved else "no answer moves")
            for one in worst
        )
        return "\n".join([f"{self.measure} {number(self.score)} with all inputs", *lines])


def ablate(model: Model, x: Any, y: Any) -> Ablation:
    """Permute one input at a time over the rows, and score the answers; nothing is trained.

    Inputs of rows (N, C) are permuted column by column, all others as a whole. Columns that know
    the same stand in for each other: each of them may seem to matter little.

    Args:
        model: compiled. Of several outputs that have a loss the first is looked at.
        x, y: as `model.fit` takes them. Up to 256 rows, spread evenly over all, are answered.

    Raises:
        NNError: the data are none that `fit` takes, or the model is not compiled.
    """
    rows, one_epoch = feeding.training_rows(model, x, y), FitPlan(1, 1, 0, shuffle=False)
    program = Program.of_rows(model, rows, one_epoch)
    seen = sample(Batch(rows.inputs, (program.truth,)))
    task, boundary = Task(program.task.kind, seen.targets[0]), program.judge(model).boundary
    whole = answers(model, seen.inputs)[program.output]
    found = []
    for name, inputs in permuted(model, seen.inputs):
        there = answers(model, inputs)[program.output]
        moved = float(np.max(np.abs(there.astype(np.float64) - whole)))
        found.append(Ablated(name, task.score(there, boundary), moved))
    return Ablation(task.measure, task.score(whole, boundary), tuple(found))


def permuted(model: Model, inputs: tuple[Array, ...]) -> Iterator[tuple[str, tuple[Array, ...]]]:
    """The inputs with one of them, or one column, in another order of rows; and which one it is."""
    other = order(len(inputs[0]), 0, model.seed)
    for place, (symbol, x) in enumerate(zip(model.graph.inputs, inputs, strict=True)):
        name = "x" if len(inputs) == 1 else f"x[{model.graph.input_names[symbol]!r}]"
        for label, new in others(name, x, other):
            yield label, (*inputs[:place], new, *inputs[place + 1 :])


def others(name: str, x: Array, other: Array) -> Iterator[tuple[str, Array]]:
    """An input with its rows in another order; of rows (N, C) each column alone."""
    if x.ndim != 2:
        yield name, x[other]
        return
    for column in range(x.shape[1]):
        new = x.copy()
        new[:, column] = x[other, column]
        yield f"{name}[:, {column}]", new
