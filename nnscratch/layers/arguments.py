"""Reading layers' arguments, with errors that say what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

from nnscratch.core.errors import NNError, ShapeError, look_up
from nnscratch.core.graph import batched
from nnscratch.core.layer import Layer, Shape
from nnscratch.kernels.geometry import Pair, Window


class ArgumentError(NNError, ValueError):
    """An argument that a layer cannot be made with."""


def positive(what: str, value: object) -> int:
    """A positive whole number."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ArgumentError(f"{what}: expected a positive whole number, got {value!r}")
    return int(value)


def pair(what: str, value: int | Sequence[int]) -> Pair:
    """(rows, columns), from one positive whole number for both or from two."""
    numbers = value if isinstance(value, Sequence) else (value, value)
    if len(numbers) != 2:
        raise ArgumentError(f"{what}: expected one whole number or two, got {value!r}")
    return positive(what, numbers[0]), positive(what, numbers[1])


def padding(what: str, value: str) -> str:
    """ "valid" or "same", in any case."""
    return look_up(what, str(value).lower(), {"valid": "valid", "same": "same"})


def one_shape(layer: Layer, shapes: Sequence[Shape]) -> Shape:
    """The input shape of a layer that reads one input."""
    if len(shapes) != 1:
        raise ShapeError(f"{layer!r}: takes one input, got {len(shapes)}")
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
