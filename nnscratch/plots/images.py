"""Kernels and feature maps as images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.core.arguments import ArgumentError, instance, whole
from nnscratch.core.errors import DTypeError, ShapeError, look_up
from nnscratch.core.step import Step
from nnscratch.core.store import host, is_on_device
from nnscratch.core.tape import Call, Tape
from nnscratch.kernels.ops import Array
from nnscratch.network import Network
from nnscratch.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rows = Mapping[str, Array]
"""Images (H, W, images) by what their row is called."""
FILTERS, CHANNELS, MAPS = 16, 8, 64
"""How many of each are shown at the most."""
KERNELS = "a model, a step, an array (kh, kw, channels, filters), or a mapping of arrays"
MAPPED = (
    "a call, an output (N, H, W, C), or a step or tape (model.forward(x)) with the name of a call"
)
"""What is drawn, for messages."""
GAP = 0.15
"""Between images, against their width."""
LEAST, MOST = 0.9, 3.0
"""Inches: how wide an image is where there is room, and how tall few rows of them may become."""
BAR, THICK = 1.1, 0.14
"""Inches that the colour bar takes with its labels, and without them."""
FLAT = 0.65
"""Inches that the colour bar's marks and its label take beside it."""
CHARACTER, LINE = 0.075, 0.2
"""Inches of the rows' labels."""
WORD: dict[str, Any] = {
    **{"ha": "center", "va": "center", "fontsize": canvas.TEXT},
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},
}
"""How the 0 on an image of zeros looks, and the nan on one that has some."""


def kernels(source: Network | Step | Array | Rows, name: str | None = None) -> Figure:
    """Filters of convolutions as images, side by side; a row for each input channel.

    One scale serves all, with 0 in its middle: what is darker is negative, what is lighter
    positive. A filter that is exactly 0 says so, and one that is not finite. Of many filters and
    channels the first are shown.

    Args:
        source: a model; a step, for the kernels that it started from; a kernel (kh, kw, channels,
            filters); filters of one channel, (kh, kw, filters), or several of these by name.
        name: of a model or step: which weight, "conv2d" or "conv2d/kernel"; None takes the first
            convolution's.

    Raises:
        ArgumentError: something else.
        ShapeError: a kernel of another shape, or there is none.
        DTypeError: something else than real numbers.
        UnknownNameError: there is no convolution of that name.
        PlotError: matplotlib is not installed.
    """
    title = ""
    if isinstance(source, Network | Step):
        path, source = find_kernel(source, name)
        title = canvas.short(path)
    if isinstance(source, Mapping):
        rows = {str(label): numbers("kernels", images, KERNELS) for label, images in source.items()}
    else:
        kernel = numbers("kernels", source, KERNELS)
        rows = {"": kernel}
        if kernel.ndim == 4:
            rows = {f"channel {c}": kernel[:, :, c] for c in range(kernel.shape[2])[:CHANNELS]}
            title += counted(kernel.shape[2], CHANNELS, "channels")
    if not rows:
        raise canvas.PlotError("kernels: there is no kernel to draw, the mapping is empty")
    for label, images in rows.items():
        if images.ndim != 3:
            raise ShapeError(
                f"kernels: expected {label or 'a kernel'} (kh, kw, filters) or (kh, kw, channels, "
                f"filters), got {images.shape}; kernel.reshape(height, width, -1) makes images of "
                "a dense layer's"
            )
    title += counted(max(images.shape[-1] for images in rows.values()), FILTERS, "filters")
    rows = {label: images[..., :FILTERS] for label, images in rows.items()}
    limit = max(abs(end) for images in rows.values() for end in ends(images)) or 1.0
    return draw(rows, title, "weight", (-limit, limit))


def feature_maps(
    source: Call | Tape | Step | Array, name: str | None = None, row: int = 0
) -> Figure:
    """What a call makes of one image: its output, a map for each channel, on one scale.

    A map that is exactly 0 says so, and one that is not finite. Of more than 64 maps the first are
    shown.

    Args:
        source: a call; a tape or step, with `name`; or an output (H, W, C) or (N, H, W, C).
        name: the call's key, "conv2d/relu".
        row: which row of the batch.

    Raises:
        ArgumentError: something else; no name of a call, no row of the batch.
        ShapeError: the output is no batch of images.
        DTypeError: something else than real numbers.
        LookupError, UnknownNameError: there is no such call.
        PlotError: matplotlib is not installed.
    """
    title = ""
    if isinstance(source, Tape | Step):
        expected = f"the key of a call, such as {next(iter(source), 'conv2d')!r}"
        source = source[instance("feature_maps name", name, str, expected)]
    if isinstance(source, Call):
        title, source = canvas.short(source.path), source.output
    output = numbers("feature_maps", source, MAPPED)
    if output.ndim not in (3, 4):
        raise ShapeError(
            f"feature_maps: expected images (N, H, W, C) or (H, W, C), got {output.shape}"
        )
    maps = output if output.ndim == 3 else output[checked_row(row, len(output))]
    shown = maps[..., :MAPS]
    width = min(8, shown.shape[-1])
    rows = {
        f"from {first}": shown[..., first : first + width]
        for first in range(0, shown.shape[-1], width)
    }
    low, high = ends(shown)
    title += counted(maps.shape[-1], MAPS, "maps")
    return draw(rows, title, "output", (low, high or 1.0))


def numbers(call: str, given: object, expected: str) -> Array:
    """An array of real numbers that somebody gave to a call."""
    held = host(given) if is_on_device(given) else given
    array = instance(call, held, np.ndarray, expected)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"{call}: expected real numbers, got {array.dtype} {array.shape}")
    if not array.size:
        raise ShapeError(f"{call}: there is nothing to draw in an array {array.shape}")
    return array


def checked_row(row: object, rows: int) -> int:
    """A row of a batch, which may count from its end."""
    place = whole("feature_maps row", row)
    if not -rows <= place < rows:
        raise ArgumentError(f"feature_maps row: expected one of {rows}, 0 to {rows - 1}; got {row}")
    return place


def find_kernel(source: Network | Step, name: str | None) -> tuple[str, Array]:
    """The path and the value of a convolution's kernel."""
    weights = source.params if isinstance(source, Network) else {**source.before, **source.frozen}
    convolutions = {path: value for path, value in weights.items() if value.ndim == 4}
    if not convolutions:
        raise ShapeError("kernels: there is no convolution here, no weight (kh, kw, in, out)")
    path = next(iter(convolutions)) if name is None else name
    if f"{path}/kernel" in convolutions:
        path = f"{path}/kernel"
    return path, look_up("convolution's kernel", path, convolutions)


def ends(images: Array) -> tuple[float, float]:
    """The smallest and the largest number that is there, with 0 between them."""
    known = images[np.isfinite(images)]
    return float(np.min(known, initial=0)), float(np.max(known, initial=0))


def counted(count: int, shown: int, what: str) -> str:
    """What a title says where not everything is shown."""
    return f", the first {shown} of {count} {what}" if count > shown else ""


def told(image: Array) -> str:
    """What has to be said of an image, since it cannot be seen."""
    if np.isfinite(image).all():
        return "" if image.any() else "0"
    return "nan" if np.isnan(image).any() else "inf"


def draw(rows: Rows, title: str, label: str, bounds: tuple[float, float]) -> Figure:
    """Rows of images of one scale, each one unit wide."""
    across = max(images.shape[-1] for images in rows.values()) * (1 + GAP)
    heights = [images.shape[0] / images.shape[1] for images in rows.values()]
    labels = [canvas.short(label) for label in rows]
    free = canvas.WIDTH - BAR - CHARACTER * max(map(len, labels))  # inches
    unit = min(free / across, max(LEAST, MOST / (sum(heights) + GAP * len(rows))))
    bottoms = -np.cumsum([max(height + GAP, LINE / unit) for height in heights])
    tall = max(-bottoms[-1] * unit, FLAT)
    margin = (tall / unit + bottoms[-1]) / 2  # above and below rows that are flatter
    figure = canvas.blank(tall + (0.3 if title else 0.1))
    figure.suptitle(title.removeprefix(", "), x=0.01, ha="left", fontsize=canvas.TITLE)
    axis = figure.subplots()
    low, high = bounds
    for images, bottom, height in zip(rows.values(), bottoms, heights, strict=True):
        for column, image in enumerate(np.moveaxis(images, -1, 0)):
            left = column * (1 + GAP)
            place = (left, left + 1, bottom, bottom + height)
            shown = axis.imshow(image, canvas.SCALE, vmin=low, vmax=high, extent=place)
            if word := told(image):
                axis.text(left + 0.5, bottom + height / 2, word, **WORD)
    axis.set(xlim=(0, across), ylim=(bottoms[-1] - margin, margin), xticks=[])
    axis.set_yticks(bottoms + np.array(heights) / 2, labels)
    axis.tick_params(length=0, labelsize=canvas.TEXT)
    axis.spines[:].set_visible(False)
    axis.set_anchor("W")  # beside the labels
    length = min(0.9 * tall, MOST)
    bar = figure.colorbar(shown, ax=axis, shrink=length / tall, aspect=length / THICK, fraction=0.1)
    bar.set_label(label, fontsize=canvas.TEXT)
    bar.ax.tick_params(labelsize=canvas.TEXT)
    return figure
