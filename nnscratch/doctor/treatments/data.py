"""Treatments of the data: other units, for inputs and for targets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from nnscratch.doctor.program import Program
from nnscratch.doctor.treatments.treatment import Treatment, TreatmentError
from nnscratch.kernels.ops import Array


@dataclass(frozen=True)
class StandardisedInput(Treatment):
    """(x - mean) / std of each column of an input, over the training rows.

    A column that is the same in all rows becomes 0.
    """

    number: int = 0
    """Which input."""

    def __call__(self, program: Program) -> Program:
        """The rows, in other units."""
        inputs = list(program.rows.inputs)
        mean, std = moments(inputs[self.number])
        inputs[self.number] = standardised(inputs[self.number], mean, std)
        rows = dataclasses.replace(program.rows, inputs=tuple(inputs))
        return dataclasses.replace(program, rows=rows)

    def __str__(self) -> str:
        which = "" if self.number == 0 else f" {self.number}"
        return f"input{which} standardised, column by column"


@dataclass(frozen=True)
class StandardisedTargets(Treatment):
    """(y - mean) / std of each column of one loss's targets, over the training rows.

    It is the loss that the finding belongs to. The outputs are scaled back before they are scored.
    """

    def __call__(self, program: Program) -> Program:
        """The rows with targets in other units."""
        targets = list(program.rows.targets)
        if targets[program.number].dtype.kind != "f":
            raise TreatmentError("the targets are class numbers, which have no scale")
        mean, std = moments(targets[program.number])
        targets[program.number] = standardised(targets[program.number], mean, std)
        rows = dataclasses.replace(program.rows, targets=tuple(targets))
        return dataclasses.replace(program, rows=rows, read=lambda y: y * std + mean)

    def __str__(self) -> str:
        return "targets standardised, column by column"


@dataclass(frozen=True)
class ClassWeights(Treatment):
    """Each row's loss divided by the share of its class, so that classes count alike.

    Answers are scored by class, too: rare ones hardly show in an accuracy.
    """

    def __call__(self, program: Program) -> Program:
        """The rows with other weights.

        Raises:
            TreatmentError: they have no classes, or other losses would be weighed as well.
        """
        rows, classes = program.rows, program.task.classes
        if classes is None or len(classes) != len(rows) or len(rows.targets) > 1:
            raise TreatmentError("class weights need one loss, and one class for each row")
        counts = np.bincount(classes)
        weights = len(rows) / (np.count_nonzero(counts) * counts[classes])
        if rows.weights is not None:
            weights = weights * rows.weights
        weights = np.asarray(weights, program.blueprint.dtype)
        rows = dataclasses.replace(rows, weights=weights)
        return dataclasses.replace(program, rows=rows, balanced=True)

    def __str__(self) -> str:
        return "rows weighed by one over the share of their class"


def moments(x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column; 1 where it is 0."""
    mean, std = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    return mean, np.where(std > 0, std, 1.0)


def standardised(x: Array, mean: Array, std: Array) -> Array:
    """(x - mean) / std, in x's own dtype."""
    return np.asarray((x - mean) / std, x.dtype)
