"""Dot: how far two inputs point the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.graph import batched
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.normalization import UnitNormalization

__all__ = ["Dot"]


class Dot(Layer):
    """Products of two inputs' vectors, row by row: each vector of one with each of the other.

    Shapes: a (N, ..., K, ...), b (N, ..., K, ...) -> y (N, a's other axes, b's other axes), or
        (N, 1) where there are none.
    Forward: y[n, i, j] = sum_k a[n, i, k] b[n, j, k] along the axes; with normalize=True of a and b
        divided by their vectors' lengths, the cosine of the angle between them.
    Backward: da[n, i, k] = sum_j dy[n, i, j] b[n, j, k], and so db; then through the lengths.
    Cache: the vectors, (N, I, K) and (N, J, K), and what UnitNormalization keeps.

    Args:
        axes: the axis of both inputs, counting the batch axis, or one for each.
        normalize: whether vectors are divided by their lengths, as by UnitNormalization (Keras
            takes 1e-7 for lengths below that, UnitNormalization 1e-6).
        name: of the layer.

    Raises:
        ArgumentError: an axis is the batch axis.
        ShapeError: not two inputs, or vectors of different lengths.
    """

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        a: Array
        b: Array
        lengths: tuple[Any, Any] | None
        shapes: tuple[Shape, Shape]
        """Of the inputs with the axis last: (N, ..., K)."""

    def __init__(
        self, axes: int | Sequence[int], normalize: bool = False, *, name: str | None = None
    ):
        super().__init__(name=name)
        both = axes if isinstance(axes, Sequence) else (axes, axes)
        if len(both) != 2:
            raise arguments.ArgumentError(f"Dot axes: expected one axis or two, got {axes!r}")
        self.axes = tuple(arguments.axis("Dot axes", axis) for axis in both)
        self.normalize = arguments.flag("Dot normalize", normalize)

    def spec(self, *in_shapes: Shape) -> Spec:
        if len(in_shapes) != 2:
            raise ShapeError(f"{self!r}: takes two inputs, layer([a, b]), got {len(in_shapes)}")
        lengths, others = [], []
        for axis, shape in zip(self.axes, in_shapes, strict=True):
            place = arguments.resolve_axis(self, axis, shape) - 1
            lengths.append(shape[place])
            others.append((*shape[:place], *shape[place + 1 :]))
        if lengths[0] != lengths[1]:
            listed = ", ".join(map(batched, in_shapes))
            raise ShapeError(
                f"{self!r}: expected vectors of one length along the axes {self.axes}, got {listed}"
            )
        return Spec((*others[0], *others[1]) or (1,))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        moved = [ctx.xp.moveaxis(x, axis, -1) for x, axis in zip(xs, self.axes, strict=True)]
        first, second = (x.shape for x in moved)
        vectors = [x.reshape(len(x), math.prod(x.shape[1:-1]), x.shape[-1]) for x in moved]
        lengths = None
        if self.normalize:
            units = [UnitNormalization().forward(ctx, {}, {}, x) for x in vectors]
            vectors, lengths = [unit.y for unit in units], (units[0].cache, units[1].cache)
        a, b = vectors  # (N, I, K), (N, J, K)
        y = ctx.xp.einsum("nik,njk->nij", a, b)
        shape = (*first[1:-1], *second[1:-1]) or (1,)
        return Output(y.reshape(len(y), *shape), self.Cache(a, b, lengths, (first, second)))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        a, b, lengths, shapes = cache
        dy = dy.reshape(len(a), a.shape[1], b.shape[1])  # (N, I, J)
        gradients = [
            ctx.xp.einsum("nij,njk->nik", dy, b),
            ctx.xp.einsum("nij,nik->njk", dy, a),
        ]
        if lengths is not None:
            unit = UnitNormalization()
            gradients = [
                unit.backward(ctx, {}, kept, gradient).inputs[0]
                for kept, gradient in zip(lengths, gradients, strict=True)
            ]
        return Gradients(
            tuple(
                ctx.xp.moveaxis(gradient.reshape(shape), -1, axis)
                for gradient, shape, axis in zip(gradients, shapes, self.axes, strict=True)
            )
        )
