"""Layer: an immutable description with two pure functions."""

from __future__ import annotations

import inspect
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from nnscratch.core.context import Context
from nnscratch.core.errors import DescriptionType, NNError
from nnscratch.core.graph import Symbol, checked_name, connect
from nnscratch.kernels.ops import Array, Curve

Shape = tuple[int, ...]
"""A shape without its batch axis, unless said otherwise."""
Values = Mapping[str, Array]
"""Arrays of one layer by weight name."""
Role = Literal["weights", "activation", "norm", "pooling", "merge", "shape", "noise", "other"]
"""What a layer does to numbers on their way: weigh them, bend them, normalise, pool, join several
inputs, only rearrange, disturb in training, or something else."""


class Operation(NamedTuple):
    """What a layer asks of a backend: a kernel by its name, and the arguments."""

    name: str
    arguments: tuple[Any, ...]


class Initializer(Protocol):
    """How a weight gets its first value."""

    def __call__(self, shape: Shape, rng: np.random.Generator, /) -> Array:
        """The value, drawn on the host, in float64."""


class Regularizer(Protocol):
    """A penalty on a weight, added to the loss."""

    def penalty(self, w: Array, /) -> Any:
        """The penalty, a scalar."""

    def gradient(self, w: Array, /) -> Array:
        """Its derivative, shaped like w."""


class Constraint(Protocol):
    """What a weight must obey after every update."""

    def __call__(self, w: Array, /) -> Array:
        """The nearest value that obeys."""


@dataclass(frozen=True)
class Param:
    """The declaration of a weight. Untrainable ones are a layer's state."""

    shape: Shape
    initializer: Initializer
    trainable: bool = True
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None


@dataclass(frozen=True)
class Spec:
    """What a layer declares for given input shapes: weights, in order, and the output shape."""

    output_shape: Shape
    params: Mapping[str, Param] = field(default_factory=dict)


class Output(NamedTuple):
    """What a forward pass returns."""

    y: Array
    cache: Any = None
    """Whatever backward needs beyond dy: a NamedTuple, so that it can be named and sized."""
    state: Values = MappingProxyType({})
    """New values of the state that changed."""


class Gradients(NamedTuple):
    """What a backward pass returns: dL/dx for each input and dL/dw for each parameter."""

    inputs: tuple[Array | None, ...]
    params: Values = MappingProxyType({})


class LayerType(DescriptionType):
    """Records a layer's configuration and seals it once `__init__` is through."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 (a metaclass)
        """A new layer."""
        layer = super().__call__(*args, **kwargs)
        if "name" not in vars(layer):
            raise NNError(
                f"{cls.__name__}: its __init__ leaves name and trainable unset; begin it with "
                "super().__init__()"
            )
        signature = inspect.signature(type.__getattribute__(cls, "__init__"))
        own, *parameters = signature.parameters.values()
        bound = dict(signature.bind(layer, *args, **kwargs).arguments)
        del bound[own.name]
        for parameter in parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                bound |= bound.pop(parameter.name, {})
        object.__setattr__(layer, "config", MappingProxyType(bound))
        return layer


class Layer(metaclass=LayerType):
    """A description of a computation, without any arrays.

    A subclass sets its configuration in `__init__` (and never again: a layer is immutable, so it
    may be shared), declares weights and output shape in `spec`, and computes in `forward` and
    `backward`. Calling a layer on symbols adds a call of it to a graph.
    """

    kind: ClassVar[str] = "layer"
    """What automatic names are made of: the class name in snake case, unless a class sets it."""
    name: str | None
    trainable: bool
    activation: Layer | None = None
    """Follows every call of this layer as a call of its own."""
    aliases: bool = False
    """Whether outputs or gradients may share memory with the arrays that the layer was given."""
    role: Role = "other"
    """Its part in a network, which tells whose factor of a gradient this is, and what its
    parameters are: of "weights", kernels and biases."""
    saturation: tuple[float, float] | None = None
    """The open range outside of which an activation's output counts as saturated.

    There its slope is less than 1/100 of the largest that it has. None where that is nowhere.
    """
    applies_activations: bool = False
    """Whether `forward` applies `ctx.activation` to its output, where there is one."""
    fills_room: bool = False
    """Whether `backward` may be given memory for its parameters' gradients, see `ctx.room_for`. It
    then writes each of them there once, as the last of what it computes of it."""
    curve: Curve | None = None
    """What the layer does to each number, if its result is all that its gradient depends on."""
    config: Mapping[str, Any]
    """The arguments that the layer was made with."""

    def __init__(self, *, name: str | None = None, trainable: bool = True):
        self.name = checked_name(type(self).__name__, name)
        self.trainable = trainable

    def __init_subclass__(cls) -> None:
        if "kind" not in vars(cls):
            cls.kind = snake_case(cls.__name__)

    @abstractmethod
    def spec(self, *in_shapes: Shape) -> Spec:
        """Weights and output shape for inputs of these shapes.

        Raises:
            ShapeError: the layer cannot read such inputs.
        """

    @abstractmethod
    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        """The layer's output for a batch."""

    @abstractmethod
    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        """The gradients of the loss, given its gradient dy by the layer's output."""

    def applied(self, y: Array) -> Output:
        """What `forward` returns if y is its result: of layers that are a curve."""
        raise NotImplementedError(f"{type(self).__name__} is no curve")

    def operations(self, *xs: Array) -> Sequence[Operation]:
        """Operations of a call that a backend may have several algorithms for.

        Of their arguments, as of xs, only shapes and dtypes are meant: `stand_in` makes such
        arrays.
        """
        return ()

    def __call__(self, *inputs: Symbol | Sequence[Symbol]) -> Symbol:
        """Add a call of this layer to the graph; several inputs as a list or as arguments."""
        return connect(self, inputs)

    def __setattr__(self, name: str, value: Any) -> None:
        if "config" in vars(self):
            raise AttributeError(
                f"{self!r} is immutable: make a new layer instead of setting {name!r}"
                + ("; to stop training it, model.freeze(path)" if name == "trainable" else "")
            )
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.config.items())
        return f"{type(self).__name__}({settings})"


def stand_in(shape: Shape, dtype: Any) -> Array:
    """An array of that shape and dtype which takes no memory, for what heeds these alone."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`, `MaxPooling2D` -> `max_pooling2d`."""
    words = re.sub(r"([a-z0-9])([A-Z][a-z])", r"\1_\2", name)
    return words.lower()
