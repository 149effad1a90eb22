"""What `model.compile` settles: optimizer, losses and metrics, matched to the outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, NamedTuple

from nnscratch import losses, metrics, optimizers
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.core.graph import Graph, Symbol
from nnscratch.core.step import Batch
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.metrics import Metric, State
from nnscratch.optimizers import Optimizer


@dataclass(frozen=True)
class Objective:
    """What is minimised: a loss per output (None where an output has none) and its weight."""

    losses: tuple[Loss | None, ...]
    weights: tuple[float, ...]

    def __call__(
        self, ctx: Context, outputs: Sequence[Array], batch: Batch
    ) -> tuple[float, list[Array | None]]:
        """The weighted sum of the losses, and its gradient by each output."""
        total, gradients = 0.0, list[Array | None]()
        terms = zip(self.losses, self.weights, outputs, batch.targets, strict=True)
        for loss, weight, y, target in terms:
            if loss is None:
                gradients.append(None)
                continue
            value, dy = loss(ctx, y, target, batch.weights)
            total += weight * float(value)
            gradients.append(dy if weight == 1 else ctx.xp.multiply(dy, y.dtype.type(weight)))
        return total, gradients


class Measure(NamedTuple):
    """A metric of one output, and the name that it is reported under."""

    name: str
    output: int
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
        return tuple(
            metric.update(ctx, metric.init(ctx), outputs[i], batch.targets[i])
            for _, i, metric in self.measures
        )

    def results(self, states: Sequence[State]) -> dict[str, float]:
        """What the sums come to, by the metrics' names."""
        pairs = zip(self.measures, states, strict=True)
        return {name: metric.result(state) for (name, _, metric), state in pairs}

    def with_learning_rate(self, value: float) -> Compiled:
        """The same with another learning rate."""
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
    chosen = [None if e is None else losses.get(e) for e in spread("loss", loss, names)]
    if all(entry is None for entry in chosen):
        raise NNError('compile: no loss given; for example loss="sparse_categorical_crossentropy"')
    weights = [1.0 if w is None else float(w) for w in spread("loss_weights", loss_weights, names)]
    objective = Objective(tuple(chosen), tuple(weights))
    per_output = [wanted or []] if len(names) == 1 else spread("metrics", wanted, names)
    measures = []
    for i, entry in enumerate(per_output):
        prefix = f"{names[i]}_" if len(names) > 1 else ""
        for identifier in entry if isinstance(entry, list | tuple) else [entry]:
            if identifier is not None:
                shape = graph.outputs[i].shape
                metric = metrics.get(identifier, loss=chosen[i], output_shape=shape)
                measures.append(Measure(prefix + metric.name, i, metric))
    return Compiled(optimizers.get(optimizer), objective, tuple(measures))


def output_names(graph: Graph) -> tuple[str, ...]:
    """What the outputs are called: the paths of the layers that they come from."""
    return tuple(output_name(graph, symbol) for symbol in graph.outputs)


def output_name(graph: Graph, symbol: Symbol) -> str:
    """The path of the layer behind an output; of the layer itself, not of its activation."""
    node = symbol.node
    if node is None:
        return symbol.name or "input"
    before = node.inputs[0].node
    if before is not None and before.layer.activation is node.layer:
        node = before
    return graph.paths[node.layer]


def spread(what: str, given: Any, names: Sequence[str]) -> list[Any]:
    """One entry per output, of one for all, a sequence or a mapping by output name.

    A pair of functions is one custom loss, not two entries.
    """
    is_pair = isinstance(given, tuple) and all(isinstance(f, FunctionType) for f in given)
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise UnknownNameError(f"output in {what}", name, names)
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple) and not is_pair:
        if len(given) != len(names):
            raise NNError(f"compile: {len(names)} outputs ({', '.join(names)}), got {what}={given}")
        return list(given)
    return [given] * len(names)
