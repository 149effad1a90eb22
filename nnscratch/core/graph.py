"""The graph of calls: symbols, the nodes that make them, and the names of everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from nnscratch.core.arguments import is_whole
from nnscratch.core.errors import GraphError, ShapeError

if TYPE_CHECKING:
    from nnscratch.core.layer import Layer, Param, Shape, Spec


@dataclass(frozen=True, eq=False)
class Symbol:
    """A batch of arrays to come: an input of the network, or the output of a node."""

    shape: Shape
    """Without the batch axis."""
    node: Node | None = None
    name: str | None = None

    def __repr__(self) -> str:
        origin = f"output of {self.node.layer!r}" if self.node else f"input {self.name or ''}"
        return f"Symbol({batched(self.shape)}, {origin.strip()})"


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a layer."""

    layer: Layer
    inputs: tuple[Symbol, ...]
    spec: Spec
    scope: Graph | None = None
    """The nested network whose call brought this node here."""
    output: Symbol = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "output", Symbol(self.spec.output_shape, self))


class Weight(NamedTuple):
    """A weight of a network: its path, e.g. "conv2d/kernel", and where it is declared."""

    path: str
    layer: Layer
    name: str
    param: Param


def Input(shape: Sequence[int], name: str | None = None) -> Symbol:  # noqa: N802 (Keras's name)
    """An input of a network: batches of arrays (N, *shape).

    Raises:
        ShapeError: the shape is no sequence of whole numbers >= 1.
        GraphError: the name is no text, or holds a "/" or "#".
    """
    lengths = shape if isinstance(shape, Sequence) else None
    if lengths is None or not all(is_whole(n, 1) for n in lengths):
        is_length = is_whole(shape)
        hint = f"write ({shape},)" if is_length else "leave the batch axis out"
        raise ShapeError(
            f"Input: expected the shape of one row, such as (28, 28, 1), got {shape!r}; {hint}"
        )
    return Symbol(tuple(int(n) for n in lengths), name=checked_name("Input", name))


def checked_name(owner: str, name: object) -> str | None:
    """A name that somebody gave, or None.

    Raises:
        GraphError: it is no text, or holds a character that separates names in paths and keys.
    """
    if name is None:
        return None
    if not isinstance(name, str) or not name or set(name) & set("/#"):
        raise GraphError(f"{owner}: expected a name without '/' and '#', got {name!r}")
    return name


def batched(shape: Shape) -> str:
    """A shape as people write it, with its batch axis: (N, 28, 28, 1)."""
    return f"({', '.join(['N', *map(str, shape)])}{',' if not shape else ''})"


def flatten_symbols(caller: object, inputs: Sequence[Symbol | Sequence[Symbol]]) -> list[Symbol]:
    """Symbols given as arguments or as one list."""
    flat: list[Symbol] = []
    for item in inputs:
        members = [item] if isinstance(item, Symbol) or not isinstance(item, Sequence) else item
        for symbol in members:
            if not isinstance(symbol, Symbol):
                raise GraphError(
                    f"{caller}: expected symbols (nn.Input(...), or a layer's output), got "
                    f"{type(symbol).__name__}; for arrays use nn.run_layer(layer, x) or "
                    "model.predict(x)"
                )
            flat.append(symbol)
    if not flat:
        raise GraphError(f"{caller}: called without an input")
    return flat


def call(layer: Layer, inputs: Sequence[Symbol], scope: Graph | None = None) -> Symbol:
    """The output of one call of a layer."""
    spec = layer.spec(*(symbol.shape for symbol in inputs))
    return Node(layer, tuple(inputs), spec, scope).output


def connect(layer: Layer, inputs: Sequence[Symbol | Sequence[Symbol]]) -> Symbol:
    """The output of a call of a layer and of its activation, which is a call of its own."""
    output = call(layer, flatten_symbols(layer, inputs))
    return call(layer.activation, [output]) if layer.activation else output


class Graph:
    """The calls between some inputs and outputs, in topological order, each with its key.

    Layers are named per graph: their own name, else their kind, numbered in topological order.
    The calls of a layer are numbered too: `embedder/conv2d#1` is the second call of the layer
    `conv2d` of the nested network `embedder`.

    Raises:
        GraphError: an output depends on a symbol that is no input of this graph, an input that
            no output depends on, two layers of one name, or a layer that declares other weights
            in another call.
    """

    def __init__(
        self,
        inputs: Sequence[Symbol],
        outputs: Sequence[Symbol],
        name: str | None = None,
        kind: str = "model",
    ):
        self.name = name
        self.kind = kind
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.nodes = tuple(topological(self.inputs, self.outputs))
        self._check_inputs()
        self.input_names: Mapping[Symbol, str] = MappingProxyType(self._name_inputs())
        self.paths: Mapping[Layer, str] = MappingProxyType(self._name_layers())
        self.layers: Mapping[str, Layer] = MappingProxyType(
            {path: layer for layer, path in self.paths.items()}
        )
        self.keys: Mapping[Node, str] = MappingProxyType(self._number_calls())
        calls = {node.output: key for node, key in self.keys.items()}
        self.origins: Mapping[Symbol, str] = MappingProxyType({**self.input_names, **calls})
        """Where each symbol comes from: the name of an input, or the key of a call."""
        self.weights: tuple[Weight, ...] = tuple(self._declare_weights())

    def inline(self, inputs: Sequence[Symbol]) -> list[Symbol]:
        """The outputs of a call of this whole graph on other symbols."""
        if len(inputs) != len(self.inputs):
            raise GraphError(
                f"{self.name or self.kind}: takes {len(self.inputs)} inputs, got {len(inputs)}"
            )
        here = dict(zip(self.inputs, inputs, strict=True))
        for node in self.nodes:
            here[node.output] = call(node.layer, [here[symbol] for symbol in node.inputs], self)
        return [here[symbol] for symbol in self.outputs]

    def __repr__(self) -> str:
        return f"<Graph {self.name or self.kind} of {len(self.nodes)} calls>"

    def label(self, node: Node) -> str:
        """A call's key for people: without its number where the layer is called once."""
        path = self.paths[node.layer]
        return path if self._counts[node.layer] == 1 else self.keys[node]

    def _check_inputs(self) -> None:
        read = {symbol for node in self.nodes for symbol in node.inputs} | set(self.outputs)
        for position, symbol in enumerate(self.inputs):
            if symbol.node is not None:
                raise GraphError(f"model input {position} is {symbol!r}: expected an nn.Input")
            if symbol not in read:
                raise GraphError(f"model input {position}, {symbol!r}: no output depends on it")
        if len(set(self.inputs)) < len(self.inputs):
            raise GraphError("the same nn.Input stands twice among the model's inputs")

    def _name_inputs(self) -> dict[Symbol, str]:
        single = len(self.inputs) == 1
        names = {
            symbol: symbol.name or ("input" if single else f"input_{number}")
            for number, symbol in enumerate(self.inputs)
        }
        if len(set(names.values())) < len(names):
            listed = ", ".join(names.values())
            raise GraphError(f"two inputs have one name: {listed}; give one of them another")
        return names

    def _name_layers(self) -> dict[Layer, str]:
        names = Names(self.nodes)
        paths: dict[Layer, str] = {}
        for node in self.nodes:
            if node.layer in paths:
                continue
            before = node.inputs[0].node
            if node.scope is not None:
                paths[node.layer] = f"{names.of(node.scope)}/{node.scope.paths[node.layer]}"
            elif before is not None and before.layer.activation is node.layer:
                own = node.layer.name or node.layer.kind
                paths[node.layer] = f"{paths[before.layer]}/{own}"
            else:
                paths[node.layer] = names.of(node.layer)
        return paths

    def _number_calls(self) -> dict[Node, str]:
        self._counts: Counter[Layer] = Counter()
        keys = {}
        for node in self.nodes:
            keys[node] = f"{self.paths[node.layer]}#{self._counts[node.layer]}"
            self._counts[node.layer] += 1
        return keys

    def _declare_weights(self) -> Iterator[Weight]:
        declared: dict[Layer, Mapping[str, Param]] = {}
        for node in self.nodes:
            params = node.spec.params
            first = declared.setdefault(node.layer, params)
            if {n: p.shape for n, p in params.items()} != {n: p.shape for n, p in first.items()}:
                raise GraphError(
                    f"{self.keys[node]}: a shared layer must see inputs that need the same weights,"
                    f" got {shapes(params)} after {shapes(first)}"
                )
        for layer, params in declared.items():
            for name, param in params.items():
                yield Weight(f"{self.paths[layer]}/{name}", layer, name, param)


def shapes(params: Mapping[str, Param]) -> str:
    """Weight names and shapes, for messages."""
    return ", ".join(f"{name} {param.shape}" for name, param in params.items())


def topological(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> Iterator[Node]:
    """The nodes that the outputs depend on, each after those that it depends on itself."""
    done: set[Node] = set()
    stack = list(reversed(outputs))
    known = set(inputs)
    while stack:
        symbol = stack[-1]
        node = symbol.node
        if symbol in known or node in done:
            stack.pop()
        elif node is None:
            raise GraphError(f"{symbol!r} is needed but is not among the model's inputs")
        else:
            waiting = [s for s in node.inputs if s not in known and s.node not in done]
            if waiting:
                stack.extend(reversed(waiting))
            else:
                done.add(node)
                stack.pop()
                yield node


class Names:
    """Hands out names: a layer's or nested network's own, else its kind, numbered."""

    def __init__(self, nodes: Sequence[Node]):
        self._names: dict[Layer | Graph, str] = {}
        self._taken: dict[str, Layer | Graph] = {}
        for node in nodes:
            owner = node.scope or node.layer
            if owner.name is not None and not is_activation(node):
                self._take(owner.name, owner)

    def of(self, owner: Layer | Graph) -> str:
        """The name of a layer or of a nested network."""
        if owner not in self._names:
            number, name = 0, owner.kind
            while name in self._taken:
                number += 1
                name = f"{owner.kind}_{number}"
            self._take(name, owner)
        return self._names[owner]

    def _take(self, name: str, owner: Layer | Graph) -> None:
        if self._taken.setdefault(name, owner) is not owner:
            raise GraphError(
                f"two layers are named {name!r}: {self._taken[name]!r} and {owner!r}; "
                "give one of them another name, or use one layer twice to share its weights"
            )
        self._names[owner] = name


def is_activation(node: Node) -> bool:
    """Whether a node is the call that `activation=` added behind another layer's."""
    before = node.inputs[0].node
    return before is not None and before.layer.activation is node.layer
