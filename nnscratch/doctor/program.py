"""Program: a training as a value, from which it can be had again, changed or unchanged."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from nnscratch.backend import get_backend
from nnscratch.core.graph import Graph
from nnscratch.core.layer import Layer
from nnscratch.core.step import Batch
from nnscratch.core.values import initial_value
from nnscratch.doctor.judge import Judge
from nnscratch.doctor.rewiring import Exchange
from nnscratch.doctor.survey import sample
from nnscratch.doctor.task import Task
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.runs.blueprint import Blueprint
from nnscratch.training import loop
from nnscratch.training.batches import Rows
from nnscratch.training.callbacks import CallbackList
from nnscratch.training.compiled import Compiled
from nnscratch.training.loop import Fit, FitPlan, Position
from nnscratch.training.snapshot import Snapshot


def as_they_are(y: Array) -> Array:
    """Answers in the terms of the targets: no change."""
    return y


@dataclass(frozen=True)
class Program:
    """What is trained, from which values on, on what, and for how long.

    To take it down costs nothing: values are replaced in training, never overwritten. Trained
    again, it gives the same bits: the order of rows and the random masks are functions of seed
    and step.
    """

    blueprint: Blueprint
    start: Snapshot
    """The values that training starts from, the optimizer's memory, and what is compiled."""
    position: Position
    """The epoch and batch that it starts with."""
    rows: Rows
    plan: FitPlan
    number: int
    """Which of the losses is looked at."""
    truth: Array
    """What answers are held against, one per row: that loss's targets, as they were given."""
    read: Callable[[Array], Array] = as_they_are
    """From the outputs to answers in the terms of `truth`."""
    balanced: bool = False
    """Whether answers are scored by class; see `Task`."""

    @classmethod
    def of(cls, model: Model, fit: Fit) -> Self:
        """What a `fit` is about to do from where it stands."""
        return cls(
            blueprint=Blueprint.of(model),
            start=model.snapshot(),
            position=fit.position,
            rows=fit.rows,
            plan=fit.plan,
            number=0,
            truth=model.backend.to_host(fit.rows.targets[0]),
        )

    @classmethod
    def of_rows(cls, model: Model, rows: Rows, plan: FitPlan) -> Self:
        """What a `fit` on some rows would do, with nobody to listen."""
        nobody = CallbackList((), model, {})
        begin = Position(plan.initial_epoch, model.iteration)
        return cls.of(model, Fit(rows, None, plan, nobody, begin))

    def looking_at(self, number: int) -> Self:
        """The same, looked at from another loss."""
        backend = get_backend(self.blueprint.backend)
        return dataclasses.replace(
            self, number=number, truth=backend.to_host(self.rows.targets[number])
        )

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.blueprint.graph

    @property
    def compiled(self) -> Compiled:
        """Optimizer and losses."""
        return self.start.compiled

    @property
    def output(self) -> int:
        """The output that is looked at."""
        return self.compiled.objective.terms[self.number].output

    @functools.cached_property
    def task(self) -> Task:
        """What answers are held against."""
        return dataclasses.replace(Task.of(self.truth), balanced=self.balanced)

    # -- changes ------------------------------------------------------------------------------

    def compiled_with(self, **changes: Any) -> Self:
        """With another optimizer or other losses; the optimizer's memory stays where it fits."""
        compiled = dataclasses.replace(self.compiled, **changes)
        return dataclasses.replace(self, start=self.start._replace(compiled=compiled))

    def forgetting(self) -> Self:
        """With an optimizer that begins anew."""
        return dataclasses.replace(self, start=self.start._replace(slots=None))

    def with_values(self, values: Mapping[str, Array]) -> Self:
        """From other values of some weights on."""
        start = self.start._replace(values={**self.start.values, **values})
        return dataclasses.replace(self, start=start)

    def rewired(self, exchange: Exchange) -> Self:
        """With other layers. Weights keep their values where layer and shape allow it."""
        graph, blueprint, start = exchange.apply(self.graph), self.blueprint, self.start
        model = blueprint._replace(graph=graph).build()
        known = {(exchange.of(w.layer), w.name): start.values[w.path] for w in self.graph.weights}
        values = {
            weight.path: known[weight.layer, weight.name]
            for weight in graph.weights
            if (weight.layer, weight.name) in known
            and known[weight.layer, weight.name].shape == weight.param.shape
        }
        kept = {exchange.of(self.graph.layers[path]) for path in start.frozen}
        return dataclasses.replace(
            self,
            blueprint=blueprint._replace(graph=graph),
            start=start._replace(
                values={**model.params, **values},
                frozen=frozenset(path for layer, path in graph.paths.items() if layer in kept),
                slots=None,
            ),
        )

    def drawn(self, layers: Mapping[Layer, Any]) -> dict[str, Array]:
        """First values, by path, of the kernels of some layers, from an initializer for each."""
        blueprint = self.blueprint
        backend = get_backend(blueprint.backend)
        return {
            weight.path: initial_value(
                weight.path,
                dataclasses.replace(weight.param, initializer=layers[weight.layer]),
                blueprint.seed,
                backend,
                blueprint.dtype,
            )
            for weight in self.graph.weights
            if weight.layer in layers and len(weight.param.shape) > 1
        }

    # -- running ------------------------------------------------------------------------------

    def build(self) -> Model:
        """A model of its own, as it is before the first step; it has no metrics."""
        model = self.blueprint.build()
        compiled = dataclasses.replace(self.compiled, measures=())
        model.restore(self.start._replace(compiled=compiled))
        return model

    def score(self, model: Model) -> float:
        """How well a model answers the surveyed rows in inference mode; see `Task.score`."""
        rows = sample(Batch(self.rows.inputs, (self.truth,)))  # the truth is on the host
        outputs = loop.infer(model.start(model.context(training=False)), rows.inputs)
        y = self.read(model.backend.to_host(outputs[self.output]))
        seen = dataclasses.replace(self.task, target=rows.targets[0])
        return seen.score(y, self.judge(model).boundary)

    def judge(self, model: Model) -> Judge:
        """The loss that is looked at, to be asked."""
        loss = self.compiled.objective.terms[self.number].loss
        shape = self.graph.outputs[self.output].shape
        return Judge(loss, model.context(training=False), self.truth, shape)
