"""Network: a graph of calls and the values of its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from nnscratch import seeds
from nnscratch.backend import DEFAULT, Backend, get_backend, with_precision
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError
from nnscratch.core.executor import backward, forward
from nnscratch.core.graph import Graph, Symbol, checked_name, flatten_symbols
from nnscratch.core.parameters import Parameters
from nnscratch.core.store import Store, by_layer
from nnscratch.core.tape import Tape
from nnscratch.kernels.ops import Array
from nnscratch.training import weight_files

SHARED = Store()
"""The store of all models that are not given one: models over the same layers share values."""


class Network:
    """The calls between some inputs and outputs, with the values of their weights.

    Args:
        inputs: an `nn.Input`, or several.
        outputs: what layers made of them.
        backend: "numba", "numpy" or "cupy", see `nn.get_backend`.
        dtype: "float32" or "float64": of all values and computations.
        seed: of first values, row order and random masks; None takes the next of `nn.set_seed`,
            or a fresh one.
        exact: only algorithms whose zeros are true zeros and whose sums are plain sums.
        name: what it is called where it is a part of another model.
        store: holds the values; models over the same layers and store share them.
        precision: "tf32" lets tensor cores multiply float32, with 10 bits of each factor: on
            backend "cupy" alone.

    Raises:
        BackendError: the machine lacks what the backend, or the precision, needs.
        GraphError: the outputs need another input, or two layers have one name.
    """

    kind = "model"

    def __init__(
        self,
        inputs: Symbol | Sequence[Symbol],
        outputs: Symbol | Sequence[Symbol],
        *,
        backend: str = DEFAULT,
        dtype: str = "float32",
        seed: int | None = None,
        exact: bool = False,
        name: str | None = None,
        store: Store | None = None,
        precision: str = "float32",
    ):
        self._configure(backend, dtype, seed, exact, name, store, precision)
        self._connect(inputs, outputs)

    def _configure(
        self,
        backend: str,
        dtype: str,
        seed: int | None,
        exact: bool,
        name: str | None,
        store: Store | None,
        precision: str,
    ) -> None:
        """Take over everything but the graph, which `Sequential` may learn later."""
        self.name = checked_name(self.kind, name)
        self.backend = get_backend(with_precision(backend, precision))
        self.dtype = floating(self.kind, dtype)
        self.seed = seeds.next_seed() if seed is None else seeds.checked(self.kind, seed)
        self.exact = exact
        self.store = SHARED if store is None else store

    def _connect(
        self, inputs: Symbol | Sequence[Symbol], outputs: Symbol | Sequence[Symbol]
    ) -> None:
        """Make the graph, and first values of the weights that have none yet."""
        sources = flatten_symbols(f"{self.kind} inputs", [inputs])
        ends = flatten_symbols(f"{self.kind} outputs", [outputs])
        self.graph = Graph(sources, ends, self.name, self.kind)
        self.parameters = Parameters(self.graph, self.store, self.backend, self.dtype, self.seed)

    def __call__(self, *inputs: Symbol | Sequence[Symbol]) -> Any:
        """Call the whole network on symbols: its layers become part of a larger graph.

        Returns:
            A symbol, or a list of them where the network has several outputs.
        """
        outputs = self.graph.inline(flatten_symbols(self, inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def ensure_built(self, x: Any) -> None:
        """Nothing to do where the inputs are declared; `Sequential` may have to look at x."""

    # -- running ----------------------------------------------------------------------------

    def context(self, training: bool, iteration: int = 0) -> Context:
        """What the layers may know: backend, mode and seed."""
        return Context(
            self.backend, training=training, exact=self.exact, seed=(self.seed, iteration)
        )

    def forward(self, *inputs: Array, training: bool = False) -> Tape:
        """Run the network on arrays of its dtype; every call stays open to inspection."""
        nested = by_layer(self.parameters.trained, self.parameters.frozen)
        ctx, state = self.context(training), self.parameters.state
        xs = tuple(map(self.backend.from_host, inputs))
        return forward(self.parameters.plan, ctx, nested, state, xs)

    def backward(self, tape: Tape, *output_gradients: Array | None) -> Tape:
        """Run a tape backward from the gradients of a loss by the outputs; None: it has none."""
        nested = by_layer(self.parameters.trained, self.parameters.frozen)
        dys = [None if dy is None else self.backend.from_host(dy) for dy in output_gradients]
        return backward(self.parameters.plan, tape, nested, dys)

    # -- values -----------------------------------------------------------------------------

    def to(self, backend: str) -> Self:
        """Move the weights to another backend, "numpy", "numba" or "cupy", and go on there.

        Other models over the same layers have to be moved too.

        Raises:
            BackendError, UnknownNameError: see `nn.get_backend`; nothing has changed.
        """
        home = get_backend(backend)
        if home is not self.backend:
            self._move(home)
        return self

    def _move(self, home: Backend) -> None:
        self.parameters.move(home)
        self.backend = home

    @property
    def params(self) -> Mapping[str, Array]:
        """All weights by path, parameters and state, as read-only views."""
        return self.parameters.values()

    def freeze(self, *patterns: str) -> None:
        """Stop training the layers whose path matches, e.g. "conv2d*"; batch norm then infers.

        This is this model's choice: another one over the same layers, also one that this model is
        a part of, goes on to train them (`outer.freeze("embedder")`).

        Raises:
            UnknownNameError: no layer matches.
        """
        self.parameters.freeze(*patterns)

    def unfreeze(self, *patterns: str) -> None:
        """Train the layers whose path matches again."""
        self.parameters.freeze(*patterns, frozen=False)

    def get_weights(self) -> list[Array]:
        """Copies of all weights on the host: layer by layer, each in its declared order."""
        return [np.array(self.backend.to_host(value)) for value in self.params.values()]

    def set_weights(self, weights: Sequence[Array] | Mapping[str, Array]) -> None:
        """Install values: all of them as a list in the order of `get_weights`, or some by path.

        Raises:
            ShapeError, DTypeError, UnknownNameError, NNError: and nothing has changed.
        """
        if not isinstance(weights, Mapping):
            paths = list(self.params)
            if len(weights) != len(paths):
                raise NNError(f"set_weights: expected {len(paths)} arrays, got {len(weights)}")
            weights = dict(zip(paths, weights, strict=True))
        self.parameters.replace(weights)

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write all weights to a safetensors file; what was there stays until it is complete."""
        host = {name: self.backend.to_host(value) for name, value in self.params.items()}
        weight_files.save(path, host, {"format": "nnscratch weights"})

    def load_weights(self, path: str | PathLike[str]) -> None:
        """Read all weights from a safetensors file.

        Raises:
            WeightFileError: the file is damaged or holds other weights; nothing has changed.
        """
        expected = {name: (value.shape, value.dtype) for name, value in self.params.items()}
        self.parameters.replace(weight_files.load(path, expected))

    # -- views ------------------------------------------------------------------------------

    def summary(self, algorithms: bool = False, batch: int = 32) -> None:
        """Print the calls: output shape, weights, and what each is connected to.

        Args:
            algorithms: also print which algorithms the convolutions take, forward and backward.
            batch: for how many rows; the choice depends on it.
        """
        from nnscratch import summary

        print(summary.text(self))
        if algorithms:
            print(f"\n{summary.algorithms(self, batch)}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or self.kind}>"

    def _repr_html_(self) -> str:
        from nnscratch import summary

        return summary.html(self)


def floating(kind: str, dtype: Any) -> np.dtype[Any]:
    """float32 or float64, by name or as NumPy's object."""
    known = (np.dtype("float32"), np.dtype("float64"))
    chosen = [entry for entry in known if dtype is not None and entry == dtype]
    if not chosen:
        raise NNError(f"{kind}: dtype must be 'float32' or 'float64', got {dtype!r}")
    return chosen[0]
