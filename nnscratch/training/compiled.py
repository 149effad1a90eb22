"""What `model.compile` settles: optimizer, losses and metrics, matched to the outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

from nnscratch import losses, metrics, optimizers
from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.core.executor import naming
from nnscratch.core.graph import Graph, Symbol
from nnscratch.core.step import Batch, Total
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.metrics import Metric, State
from nnscratch.optimizers import Optimizer


class Term(NamedTuple):
    """One output's part of the objective. An output without a loss has none, and no targets."""

    name: str
    """The output's."""
    output: int
    loss: Loss
    weight: float


@dataclass(frozen=True)
class Objective:
    """What is minimised: the weighted sum of the terms, whose targets come in the same order."""

    terms: tuple[Term, ...]

    def __call__(
        self, ctx: Context, outputs: Sequence[Array], batch: Batch
    ) -> tuple[Total, list[Array | None]]:
        """The sum, and its gradient by each output; None where an output has no loss."""
        terms, gradients = [], list[Array | None]([None] * len(outputs))
        for (name, i, loss, weight), target in zip(self.terms, batch.targets, strict=True):
            y = outputs[i]
            with naming(f"loss {loss.name}", f"of {name}"):
                value, dy = loss(ctx, y, target, batch.weights)
            terms.append((weight, value))
            gradients[i] = dy if weight == 1 else ctx.xp.multiply(dy, y.dtype.type(weight))
        return Total(tuple(terms)), gradients


class Measure(NamedTuple):
    """A metric of one term's output, and the name that it is reported under."""

    name: str
    term: int
    metric: Metric


@dataclass(frozen=True)
class Compiled:
    """What to minimise, how, and what to report."""

    optimizer: Optimizer
    objective: Objective
    measures: tuple[Measure, ...]

    def measure(self, ctx: Context, outputs: Sequence[Array], batch: Batch) -> tuple[State, ...]:
        """The sums that each metric adds up for one batch; sums of batches can be added.

        As Keras's `metrics=`, they count every row once, whatever its weight in the loss.
        """
        states = []
        for name, i, metric in self.measures:
            term = self.objective.terms[i]
            with naming(f"metric {name}", f"of {term.name}"):
                y, target = outputs[term.output], batch.targets[i]
                states.append(metric.update(ctx, metric.init(ctx), y, target))
        return tuple(states)

    def results(self, states: Sequence[State]) -> dict[str, float]:
        """What the sums come to, by the metrics' names."""
        pairs = zip(self.measures, states, strict=True)
        return {name: metric.result(state) for (name, _, metric), state in pairs}

    def with_learning_rate(self, value: float) -> Compiled:
        """The same with another, constant learning rate.

        Raises:
            NNError: a schedule sets the learning rate, and would go on to do so in Keras too.
        """
        schedule = self.optimizer.learning_rate
        if not isinstance(schedule, Real):
            raise NNError(
                f"learning_rate: cannot be set to {value!r}, {schedule!r} sets it before every "
                "step; compile with a number as learning rate, or change the schedule"
            )
        return dataclasses.replace(self, optimizer=self.optimizer.with_learning_rate(value))


def compile_graph(
    graph: Graph, optimizer: Any, loss: Any, wanted: Any, loss_weights: Any
) -> Compiled:
    """Resolve names and spread them over the outputs.

    Args:
        graph: the network.
        optimizer: an optimizer or its name.
        loss: one for all outputs, or one per output: a sequence, or a mapping by output name.
        wanted: metrics, in the same forms; for one output a list of metrics.
        loss_weights: one number per output, in the same forms.

    Raises:
        UnknownNameError: nothing goes by that name.
        NNError: the numbers of losses and outputs differ, or there is no loss at all.
    """
    names = output_names(graph)
    if len(set(names)) < len(names):
        raise NNError(f"compile: one output stands twice among the model's: {', '.join(names)}")
    chosen = [loss] * len(names) if is_pair(loss) else spread("loss", loss, names)
    weights = [1.0 if w is None else w for w in spread("loss_weights", loss_weights, names)]
    terms = tuple(
        Term(names[i], i, losses.get(entry), number(f"loss_weights of {names[i]}", weights[i]))
        for i, entry in enumerate(chosen)
        if entry is not None
    )
    if not terms:
        raise NNError('compile: no loss given; for example loss="sparse_categorical_crossentropy"')
    measures = tuple(choose_metrics(graph, terms, wanted))
    reported = ["loss", *(measure.name for measure in measures)]
    for name in reported:
        if reported.count(name) > 1:
            raise NNError(f"compile: two of loss and metrics are called {name!r}; rename a metric")
    return Compiled(optimizers.get(optimizer), Objective(terms), measures)


def is_pair(loss: Any) -> bool:
    """Whether this is one loss made of two functions, not a tuple of losses."""
    functions = isinstance(loss, tuple) and not any(isinstance(part, Loss) for part in loss)
    return functions and [callable(part) for part in loss] == [True, True]


def choose_metrics(graph: Graph, terms: Sequence[Term], wanted: Any) -> Iterator[Measure]:
    """The metrics of each output; where there are several, its name stands before theirs."""
    names = output_names(graph)
    single = len(names) == 1
    in_one_list = single and not isinstance(wanted, Mapping)
    term_of = {term.output: place for place, term in enumerate(terms)}
    for i, entry in enumerate([wanted] if in_one_list else spread("metrics", wanted, names)):
        for identifier in entry if isinstance(entry, list | tuple) else [entry]:
            if identifier is None:
                continue
            if i not in term_of:
                raise NNError(
                    f"compile: metric {identifier!r} of {names[i]}, an output without a loss, so "
                    "without targets; give it a loss with weight 0 to measure it only"
                )
            loss, shape = terms[term_of[i]].loss, graph.outputs[i].shape
            metric = metrics.get(identifier, loss=loss, output_shape=shape)
            prefix = "" if single else f"{names[i]}_"
            yield Measure(prefix + metric.name, term_of[i], metric)


def output_names(graph: Graph) -> tuple[str, ...]:
    """What the outputs are called: the paths, or keys, of the calls that they come from."""
    return tuple(output_name(graph, symbol) for symbol in graph.outputs)


def output_name(graph: Graph, symbol: Symbol) -> str:
    """The path of the layer behind an output (of the layer itself, not of its activation).

    It is the key of the call, such as "dense#1", where the layer is called several times.
    """
    node = symbol.node
    if node is None:
        return symbol.name or "input"
    before = node.inputs[0].node
    if before is not None and before.layer.activation is node.layer:
        node = before
    return graph.label(node)


def spread(what: str, given: Any, names: Sequence[str]) -> list[Any]:
    """One entry per output, of one for all, a sequence or a mapping by output name."""
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise UnknownNameError(f"output in {what}", name, names)
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise NNError(f"compile: {len(names)} outputs ({', '.join(names)}), got {what}={given}")
        return list(given)
    return [given] * len(names)
