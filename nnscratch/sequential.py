"""Sequential: a model that is one chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from nnscratch.backend import DEFAULT, Backend
from nnscratch.core.errors import DataError, GraphError, NNError
from nnscratch.core.graph import Input, Symbol, flatten_symbols
from nnscratch.core.layer import Layer
from nnscratch.core.store import Store
from nnscratch.model import Model
from nnscratch.network import Network
from nnscratch.training.arrays import read_array


class Sequential(Model):
    """A model whose layers follow one another.

    Args:
        layers: layers and networks; an `nn.Input(shape)` in front declares the input, else the
            first data, or the first symbol, do.
        backend, dtype, seed, exact, name, store, precision: as `Network` takes them.

    Raises:
        GraphError: what stands in the chain is neither a layer nor a network.
    """

    kind = "sequential"

    def __init__(
        self,
        layers: Iterable[Layer | Network | Symbol] = (),
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
        self.layers: list[Layer | Network] = []
        self._input: Symbol | None = None
        self._settings: tuple[Any, ...] | None = None
        if not isinstance(layers, Iterable):
            raise GraphError(f"Sequential: expected a list of layers, got {layers!r}")
        for layer in layers:
            self.add(layer)

    def add(self, layer: Layer | Network | Symbol) -> None:
        """Append a layer or a network, or declare the input before the first of them."""
        if isinstance(layer, Symbol):
            if self.layers or self._input is not None or layer.node is not None:
                raise GraphError("Sequential: an nn.Input may only stand first")
            self._input = layer
        elif isinstance(layer, Layer | Network):
            self.layers.append(layer)
        else:
            raise GraphError(
                f"Sequential: expected a layer, got {layer!r}"
                + ("; make one of it: call the class" if isinstance(layer, type) else "")
            )
        for built in ("graph", "parameters"):
            vars(self).pop(built, None)

    def build(self, shape: Sequence[int] | None = None) -> None:
        """Connect the layers, for inputs (N, *shape) where no nn.Input was declared."""
        first = self.layers[0] if self.layers else None
        if self._input is None and shape is None and isinstance(first, Network):
            shape = first.graph.inputs[0].shape
        if self._input is None and shape is None:
            raise NNError(
                f"{self!r}: its input is not known yet; begin with nn.Input(shape), call "
                "model.build(shape), or give it data"
            )
        if not self.layers:
            raise GraphError(f"{self!r}: has no layers; add one")
        x = self._input or Input(shape or ())
        self._connect(x, self._chain(x))
        self._input = x  # only now: layers that cannot read x leave the input open
        if self._settings is not None:
            super().compile(*self._settings)

    def _move(self, home: Backend) -> None:
        """Before it is built, there are no weights to be moved."""
        if "parameters" in vars(self):
            super()._move(home)
        self.backend = home

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
    ) -> None:
        """As `Model.compile`; before the input is known, the settings wait for it."""
        settings = (optimizer, loss, metrics, loss_weights)
        if self._input is not None:
            super().compile(*settings)
        self._settings = settings

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called, though its settings may wait for the input."""
        return self._settings is not None

    def ensure_built(self, x: Any) -> None:
        """Take the input's shape from the first data.

        Raises:
            DataError: a list of one array, which may be one row or all of them.
        """
        if self._input is not None:
            return
        if isinstance(x, list | tuple) and len(x) == 1 and np.ndim(x[0]) > 1:
            raise DataError(
                f"{self!r}: its input is not known yet, and a list of one array may be one row or "
                "all of them; give the array itself, or begin with nn.Input(shape)"
            )
        self.build(read_array("x", x).shape[1:])

    def __call__(self, *inputs: Symbol | Sequence[Symbol]) -> Any:
        """Call the chain on a symbol, which declares its input where nothing else did."""
        if self._input is None:
            self.build(flatten_symbols(self, inputs)[0].shape)
        return super().__call__(*inputs)

    def _repr_html_(self) -> str:
        """The table of the network; of the layers alone where the input is not known yet."""
        if self._input is not None:
            return super()._repr_html_()
        return escape(f"{self!r} of {self.layers}, whose input is not known yet")

    def __getattr__(self, name: str) -> Any:
        """Build the graph as soon as somebody asks for it."""
        if name in ("graph", "parameters"):
            self.build()
            return vars(self)[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _chain(self, x: Symbol) -> Symbol:
        for layer in self.layers:
            y = layer(x)
            if not isinstance(y, Symbol):
                raise GraphError(f"Sequential: {layer!r} has {len(y)} outputs, a chain takes one")
            x = y
        return x
