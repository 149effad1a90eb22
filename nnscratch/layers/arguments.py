"""Reading layers' arguments and input shapes, with errors that say what was expected."""

from __future__ import annotations

from collections.abc import Sequence

from nnscratch.core.arguments import ArgumentError, flag, number, positive, whole
from nnscratch.core.errors import ShapeError, look_up
from nnscratch.core.graph import batched
from nnscratch.core.layer import Layer, Shape
from nnscratch.kernels.geometry import Pair, Window

__all__ = [
    "ArgumentError",
    "axis",
    "equal_shapes",
    "flag",
    "image_shape",
    "number",
    "one_shape",
    "padding",
    "pair",
    "positive",
    "resolve_axis",
    "whole",
    "window_output",
]

# -- arguments ----------------------------------------------------------------------------------


def pair(what: str, value: int | Sequence[int]) -> Pair:
    """(rows, columns), from one positive whole number for both or from two."""
    numbers = value if isinstance(value, Sequence) else (value, value)
    if len(numbers) != 2:
        raise ArgumentError(f"{what}: expected one whole number or two, got {value!r}")
    return positive(what, numbers[0]), positive(what, numbers[1])


def padding(what: str, value: str) -> str:
    """ "valid" or "same", in any case."""
    return look_up(what, str(value).lower(), {"valid": "valid", "same": "same"})


def axis(what: str, value: object) -> int:
    """An axis, counted as in Keras: -1 is the last; 0, the batch axis, is refused."""
    place = whole(what, value)
    if place == 0:
        raise ArgumentError(f"{what}: 0 is the batch axis; expected another, such as -1 or 1")
    return place


# -- input shapes -------------------------------------------------------------------------------


def one_shape(layer: Layer, shapes: Sequence[Shape]) -> Shape:
    """The input shape of a layer that reads one input."""
    if len(shapes) != 1:
        raise ShapeError(f"{layer!r}: takes one input, got {len(shapes)}; join them first")
    return shapes[0]


def equal_shapes(layer: Layer, shapes: Sequence[Shape], count: int | None = None) -> Shape:
    """The shape that all inputs of a layer have: of `count` inputs, or of two or more."""
    if len(shapes) < 2 or count not in (None, len(shapes)):
        wanted = "two inputs" if count == 2 else "two inputs or more"
        raise ShapeError(f"{layer!r}: takes {wanted}, layer([a, b]), got {len(shapes)}")
    if len(set(shapes)) > 1:
        listed = ", ".join(batched(shape) for shape in shapes)
        raise ShapeError(
            f"{layer!r}: expected inputs of one shape, got {listed}; nothing is broadcast here: "
            "bring them to one shape first"
        )
    return shapes[0]


def image_shape(layer: Layer, shapes: Sequence[Shape]) -> tuple[Pair, int]:
    """((height, width), channels) of a layer's input images."""
    shape = one_shape(layer, shapes)
    if len(shape) != 3:
        hint = "; add a channel axis: x[..., None]" if len(shape) == 2 else ""
        raise ShapeError(f"{layer!r}: expected images (N, H, W, C), got {batched(shape)}{hint}")
    height, width, channels = shape
    return (height, width), channels


def window_output(layer: Layer, window: Window, image: Pair) -> Pair:
    """(rows, columns) of what a window makes of an image; an error where it does not fit."""
    rows, columns = window.output_size(image)
    if rows < 1 or columns < 1:
        raise ShapeError(
            f"{layer!r}: the window {window.size} does not fit into images {image}: the output "
            f"would be {(rows, columns)}; use a smaller window or padding='same'"
        )
    return rows, columns


def resolve_axis(layer: Layer, axis: int, shape: Shape) -> int:
    """The place, in (N, *shape), of an axis that may count from the end."""
    rank = len(shape) + 1
    place = axis + rank if axis < 0 else axis
    if not 1 <= place < rank:
        raise ShapeError(
            f"{layer!r}: axis {axis} is not one of the axes after the batch axis of inputs "
            f"{batched(shape)}; count from 1, or from the end with -1"
        )
    return place
