"""Treatments of the steps: their length, their direction and their number."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nnscratch import schedules
from nnscratch.core.context import Context
from nnscratch.doctor.program import Program
from nnscratch.doctor.treatments.treatment import Treatment
from nnscratch.kernels.ops import Array
from nnscratch.optimizers import Optimizer
from nnscratch.optimizers.base import Slices, Slots


@dataclass(frozen=True)
class LearningRate(Treatment):
    """The learning rate times a factor, at every step."""

    factor: float

    def __call__(self, program: Program) -> Program:
        """With an optimizer of longer or shorter steps; its memory stays."""
        optimizer = program.compiled.optimizer
        rate = Times(schedules.get(optimizer.learning_rate), self.factor)
        return program.compiled_with(optimizer=optimizer.with_learning_rate(rate))

    def __str__(self) -> str:
        return f"{self.factor:g} times the learning rate"


@dataclass(frozen=True)
class Times:
    """A schedule times a factor."""

    schedule: schedules.Schedule
    factor: float

    def __call__(self, iteration: int) -> float:
        """The learning rate at that iteration."""
        return self.schedule(iteration) * self.factor


@dataclass(frozen=True)
class OptimizerArguments(Treatment):
    """The optimizer made with other arguments, such as clipnorm; its memory stays."""

    arguments: Mapping[str, Any]

    def __call__(self, program: Program) -> Program:
        """With another optimizer of the same kind."""
        optimizer = dataclasses.replace(program.compiled.optimizer, **self.arguments)
        return program.compiled_with(optimizer=optimizer)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value:g}" for name, value in self.arguments.items())
        return f"{told} in the optimizer"


@dataclass(frozen=True)
class LossTimes(Treatment):
    """Every loss times a factor: what a sum over the rows needs to become their mean."""

    factor: float

    def __call__(self, program: Program) -> Program:
        """With other weights of the losses."""
        objective = program.compiled.objective
        terms = tuple(term._replace(weight=term.weight * self.factor) for term in objective.terms)
        return program.compiled_with(objective=dataclasses.replace(objective, terms=terms))

    def __str__(self) -> str:
        return f"the loss times {self.factor:.3g}"


@dataclass(frozen=True)
class MoreEpochs(Treatment):
    """The training goes on, to so many times as many epochs."""

    goes_on: ClassVar[bool] = True
    factor: int = 2

    def __call__(self, program: Program) -> Program:
        """With a longer plan."""
        plan = program.plan._replace(epochs=program.plan.epochs * self.factor)
        return dataclasses.replace(program, plan=plan)

    def __str__(self) -> str:
        return f"{self.factor} times as many epochs"


@dataclass(frozen=True)
class Descent(Treatment):
    """The optimizer is handed the gradient turned round, or without what it gathered before."""

    turned: bool = False
    forgets: bool = False

    def __call__(self, program: Program) -> Program:
        """With an optimizer around the optimizer."""
        inner = program.compiled.optimizer
        optimizer = Handed(
            learning_rate=inner.learning_rate,
            inner=inner,
            turned=self.turned,
            forgets=self.forgets,
        )
        return program.compiled_with(optimizer=optimizer).forgetting()

    def __str__(self) -> str:
        turned = ["the gradient's sign turned round"] if self.turned else []
        forgets = ["nothing kept of former gradients"] if self.forgets else []
        return " and ".join(turned + forgets)


@dataclass(frozen=True, kw_only=True)
class Handed(Optimizer):
    """An optimizer that is handed something else than before."""

    inner: Optimizer
    turned: bool
    forgets: bool

    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The inner one's slots."""
        return self.inner.init(ctx, params)

    def clip(self, ctx: Context, gradients: Array, slices: Slices) -> Array:
        """As the inner one clips."""
        return self.inner.clip(ctx, gradients, slices)

    def decay(self, ctx: Context, params: Array, slices: Slices, iteration: int) -> Array | None:
        """As the inner one decays."""
        return self.inner.decay(ctx, params, slices, iteration)

    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The inner one's; where it forgets, every step is its first."""
        given = -gradients if self.turned else gradients
        if self.forgets:
            slots, iteration = self.inner.init(ctx, params), 0
        return self.inner.update(ctx, params, given, slots, iteration)
