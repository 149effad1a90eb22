"""Blueprint: all that makes a model but its values; as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nnscratch.core.errors import NNError
from nnscratch.core.graph import Graph, Input, Symbol, call, is_activation
from nnscratch.core.store import Store
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.metrics import Metric
from nnscratch.model import Model
from nnscratch.optimizers import Optimizer
from nnscratch.runs.descriptions import Reader, Writer, foreign
from nnscratch.runs.errors import RunError
from nnscratch.training.compiled import Compiled, Measure, Objective, Term
from nnscratch.training.snapshot import Snapshot

SETTINGS = ("backend", "dtype", "seed", "exact", "name")


class Blueprint(NamedTuple):
    """A model without its values."""

    graph: Graph
    backend: str
    dtype: str
    seed: int
    exact: bool
    name: str | None
    compiled: Compiled

    @classmethod
    def of(cls, model: Model) -> Blueprint:
        """What a model is now."""
        return cls(
            model.graph,
            model.backend.name,
            model.dtype.name,
            model.seed,
            model.exact,
            model.name,
            model.compiled,
        )

    def build(self) -> Model:
        """A new model over the same layers, with values of its own: their first ones."""
        graph = self.graph
        model = Model(
            graph.inputs,
            graph.outputs,
            backend=self.backend,
            dtype=self.dtype,
            seed=self.seed,
            exact=self.exact,
            name=self.name,
            store=Store(),
        )
        frozen = model.parameters.frozen_layers
        model.restore(Snapshot(0, model.params, frozen, None, self.compiled))
        return model


def write(blueprint: Blueprint) -> tuple[dict[str, Any], dict[str, Array]]:
    """A blueprint as JSON, and the arrays that it names, by digest."""
    writer = Writer(blueprint.graph.paths)
    graphs = _Graphs(writer)
    graphs.add(blueprint.graph)
    graphs.written[-1]["kind"] = Model.kind  # as nobody calls it, no name is made of its kind
    document = {
        **{name: getattr(blueprint, name) for name in SETTINGS},
        "layers": writer.layers,
        "graphs": graphs.written,
        **_write_compiled(blueprint.compiled, writer),
    }
    return document, writer.arrays


class _Graphs:
    """Graphs as JSON, each behind those that are nested in it."""

    def __init__(self, writer: Writer):
        self._writer = writer
        self._numbers: dict[Graph, int] = {}
        self.written: list[dict[str, Any]] = []

    def add(self, graph: Graph) -> int:
        """The number of a graph."""
        if graph in self._numbers:
            return self._numbers[graph]
        scopes = {node: self.add(node.scope) for node in graph.nodes if node.scope}
        symbols = [*graph.inputs, *(node.output for node in graph.nodes)]
        numbers = {symbol: number for number, symbol in enumerate(symbols)}
        calls = []
        for node in graph.nodes:
            source = node.inputs[0].node
            before = source.layer if source and is_activation(node) else None
            calls.append(
                {
                    "layer": self._writer.layer(node.layer, before),
                    "inputs": [numbers[symbol] for symbol in node.inputs],
                    "scope": scopes.get(node),
                }
            )
        entry = {
            "name": graph.name,
            "kind": graph.kind,
            "inputs": [{"shape": list(s.shape), "name": s.name} for s in graph.inputs],
            "calls": calls,
            "outputs": [numbers[symbol] for symbol in graph.outputs],
        }
        self.written.append(entry)
        return self._numbers.setdefault(graph, len(self._numbers))


def _write_compiled(compiled: Compiled, writer: Writer) -> dict[str, Any]:
    return {
        "optimizer": writer.description(compiled.optimizer),
        "losses": [
            {"name": name, "output": output, "loss": writer.description(loss), "weight": weight}
            for name, output, loss, weight in compiled.objective.terms
        ],
        "metrics": [
            {"name": name, "term": term, "metric": writer.description(metric)}
            for name, term, metric in compiled.measures
        ],
    }


def read(document: Mapping[str, Any], arrays: Mapping[str, Array]) -> Blueprint:
    """The blueprint of a model that is made of nnscratch's own parts.

    Raises:
        RunError: it is not, or the document describes no model.
    """
    names = sorted(set(foreign(document)))
    if names:
        raise RunError(
            f"this model has parts of your own ({', '.join(names)}), which a folder cannot hold: "
            "build and compile it as it was, and give it: nn.Run.open(folder, model=model)"
        )
    try:
        reader = Reader(arrays)
        for key, layer in document["layers"].items():
            reader.layer(key, layer)
        graph = _read_graphs(document["graphs"], reader)
        return Blueprint(
            graph=graph,
            compiled=_read_compiled(document, reader, len(graph.outputs)),
            **{name: document[name] for name in SETTINGS},
        )
    except (NNError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise RunError(f"the run's model cannot be made again: {error}") from error


def _read_graphs(written: list[Mapping[str, Any]], reader: Reader) -> Graph:
    """The last graph, the others being nested in it."""
    graphs: list[Graph] = []
    for entry in written:
        inputs = [Input(given["shape"], given["name"]) for given in entry["inputs"]]
        symbols: list[Symbol] = list(inputs)
        for made in entry["calls"]:
            scope = None if made["scope"] is None else graphs[made["scope"]]
            xs = [symbols[number] for number in made["inputs"]]
            symbols.append(call(reader.layers[made["layer"]], xs, scope))
        outputs = [symbols[number] for number in entry["outputs"]]
        graphs.append(Graph(inputs, outputs, entry["name"], entry["kind"]))
    return graphs[-1]


def _read_compiled(document: Mapping[str, Any], reader: Reader, outputs: int) -> Compiled:
    terms = [
        Term(
            entry["name"],
            range(outputs)[entry["output"]],
            reader.description(entry["loss"], Loss),
            entry["weight"],
        )
        for entry in document["losses"]
    ]
    measures = [
        Measure(
            entry["name"],
            range(len(terms))[entry["term"]],
            reader.description(entry["metric"], Metric),
        )
        for entry in document["metrics"]
    ]
    optimizer = reader.description(document["optimizer"], Optimizer)
    return Compiled(optimizer, Objective(tuple(terms)), tuple(measures))
