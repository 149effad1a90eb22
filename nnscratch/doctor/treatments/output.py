"""Treatments of the output: the last layer, its activation, and the loss that reads it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from nnscratch import losses
from nnscratch.core.graph import Node
from nnscratch.core.layer import Layer
from nnscratch.doctor.program import Program
from nnscratch.doctor.rewiring import Exchange
from nnscratch.doctor.task import Kind, Task
from nnscratch.doctor.treatments.layers import widened
from nnscratch.doctor.treatments.treatment import Treatment, TreatmentError
from nnscratch.kernels.ops import Array
from nnscratch.layers import Activation
from nnscratch.losses.crossentropy import Crossentropy


@dataclass(frozen=True)
class LastLayer(Treatment):
    """Another activation at the end, another number of units, another loss; None keeps each."""

    activation: str | None = None
    """"linear" is none."""
    units: int | None = None
    loss: str | None = None
    """Class numbers are made of the targets where it reads those."""

    def __call__(self, program: Program) -> Program:
        """With another end of the network, and targets as the loss reads them."""
        if self.activation is not None:
            program = program.rewired(end(program, self.activation))
        if self.units is not None:
            program = program.rewired(Exchange(widened(last_weights(program), self.units)))
        return program if self.loss is None else judged(program, self.loss)

    def __str__(self) -> str:
        parts = [
            f"{self.units} units" if self.units is not None else "",
            f"{self.activation} at the end" if self.activation is not None else "",
            f"the loss {self.loss}" if self.loss is not None else "",
        ]
        return ", ".join(part for part in parts if part)


def probabilities(kind: Kind) -> LastLayer:
    """The activation that makes probabilities of any numbers, for targets of that kind."""
    return LastLayer("softmax" if kind is Kind.classes else "sigmoid")


@dataclass(frozen=True)
class Logits(Treatment):
    """No activation at the end, and a loss that applies it itself, where nothing is clipped."""

    def __call__(self, program: Program) -> Program:
        """With from_logits=True in the loss.

        Raises:
            TreatmentError: it cannot read logits, or does so already.
        """
        objective = program.compiled.objective
        terms = list(objective.terms)
        loss = terms[program.number].loss
        if not isinstance(loss, Crossentropy) or loss.from_logits:
            raise TreatmentError(f"{loss!r} cannot read logits, or does so already")
        terms[program.number] = terms[program.number]._replace(
            loss=dataclasses.replace(loss, from_logits=True)
        )
        changed = dataclasses.replace(objective, terms=tuple(terms))
        return program.rewired(end(program, "linear")).compiled_with(objective=changed)

    def __str__(self) -> str:
        return "logits at the end, and from_logits=True in the loss"


def last_node(program: Program) -> Node:
    """The call that the output comes from."""
    node = program.graph.outputs[program.output].node
    assert node is not None, "an output that is an input has no loss"
    return node


def end(program: Program, activation: str) -> Exchange:
    """Another activation behind the last layer, in place of the one that is there, if any."""
    node = last_node(program)
    new: Layer | None = None if activation == "linear" else Activation(activation)
    if node.layer.role == "activation":
        return Exchange({node.layer: new})
    return Exchange({}, {} if new is None else {program.output: new})


def last_weights(program: Program) -> Layer:
    """The last layer that has weights.

    Raises:
        TreatmentError: there is none in a straight line before the output.
    """
    node: Node | None = last_node(program)
    while node is not None and node.layer.role != "weights":
        node = node.inputs[0].node
    if node is None:
        raise TreatmentError("there is no layer with weights before the output")
    return node.layer


def judged(program: Program, name: str) -> Program:
    """The program with another loss of the output."""
    loss, objective, number = losses.get(name), program.compiled.objective, program.number
    terms, targets = list(objective.terms), list(program.rows.targets)
    shape = program.graph.outputs[terms[number].output].shape
    target = program.truth
    if loss.target_dtype(program.blueprint.dtype).kind == "i":
        target = class_numbers(target)
    target = loss.prepare_targets(target, shape, program.blueprint.dtype)
    terms[number], targets[number] = terms[number]._replace(loss=loss), target
    changed = program.compiled_with(objective=dataclasses.replace(objective, terms=tuple(terms)))
    rows = dataclasses.replace(program.rows, targets=tuple(targets))
    return dataclasses.replace(changed, rows=rows, truth=target)


def class_numbers(target: Array) -> Array:
    """The classes (N,) that targets name: one-hot rows, or numbers of which each is a class."""
    known = Task.of(target).classes
    if known is not None:
        return known
    _, numbers = np.unique(target.reshape(len(target), -1)[:, 0], return_inverse=True)
    return np.asarray(numbers.reshape(-1))
