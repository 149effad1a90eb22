"""Running one layer alone, outside any network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnscratch.backend import DEFAULT, get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import DataError, DTypeError, ShapeError, UnknownNameError
from nnscratch.core.executor import backward, forward
from nnscratch.core.graph import Graph, Input, call
from nnscratch.core.layer import Layer
from nnscratch.core.plan import Plan
from nnscratch.core.tape import Call
from nnscratch.core.values import initial_value
from nnscratch.kernels.ops import Array


def run_layer(
    layer: Layer,
    x: Array | Sequence[Array],
    dy: Array | None = None,
    *,
    params: Mapping[str, Array] | None = None,
    backend: str = DEFAULT,
    training: bool = True,
    seed: int = 0,
) -> Call:
    """One call of one layer, forward and, where dy is given, backward.

    The layer's activation does not follow. Nothing is remembered: the same arguments give the
    same bits, as often as you like.

    Args:
        layer: any layer.
        x: its input (N, ...), or a list of its inputs, all of one dtype.
        dy: the gradient of a loss by the output.
        params: weights by name, parameters and state; those not given are initialised.
        backend: "numpy", "numba" or "cupy".
        training: whether dropout drops and batch normalisation uses the batch's moments.
        seed: of the initialisers and of random masks.

    Raises:
        DTypeError: an input is no array of float32 or float64, or a weight or dy is of another
            dtype.
        DataError: an input has no rows.
        ShapeError: an input is not of a shape that the layer reads, or a weight or dy is not as
            the layer declares.
        UnknownNameError: the layer has no weight of that name.
    """
    xs = list(x) if isinstance(x, Sequence) else [x]
    for array in xs:
        _check_input(array)
    home = get_backend(backend)
    xs = list(map(home.from_host, xs))
    symbols = [Input(a.shape[1:]) for a in xs]
    graph = Graph(symbols, [call(layer, symbols)])
    own: dict[str, Array] = {}
    state: dict[str, Array] = {}
    given = dict(params or {})
    for path, _, name, param in graph.weights:
        value = given.pop(name, None)
        if value is None:
            value = initial_value(path, param, seed, home, xs[0].dtype)
        elif value.shape != param.shape:
            raise ShapeError(f"{path}: expected {param.shape}, got {value.shape}")
        else:
            value = home.from_host(value)
        (own if param.trainable else state)[name] = value
    for name in given:
        raise UnknownNameError(f"weight of {layer!r}", name, own | state)
    path = graph.paths[layer]
    ctx = Context(home, training=training, exact=True, seed=(seed,))
    plan = Plan(graph, frozenset() if layer.trainable else frozenset([layer]))
    tape = forward(plan, ctx, {path: own}, {path: state}, xs)
    if dy is not None:
        tape = backward(plan, tape, {path: own}, [home.from_host(dy)])
    return tape[f"{path}#0"]


def _check_input(x: Array) -> None:
    """Refuse what kernels are not made for: other dtypes and byte orders, empty batches."""
    dtype = str(getattr(x, "dtype", type(x).__name__))
    if dtype not in ("float32", "float64"):
        raise DTypeError(
            f"run_layer: expected arrays of float32 or float64, got {dtype}; "
            "np.asarray(x, 'float32') makes one"
        )
    if not x.shape or not len(x):
        raise DataError(f"run_layer: expected a batch (N, ...) of one row or more, got {x.shape}")
