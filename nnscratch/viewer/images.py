"""Kernels and feature maps as images, where a run has checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from nnscratch.core.store import host
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.runs import Run
from nnscratch.viewer.packing import packed
from nnscratch.viewer.recording import thinned

STATIONS = 12
"""How many checkpoints are shown."""
FILTERS, CHANNELS, MATRIX = 16, 4, 64
"""Of kernels: filters, the channels of each, and rows and columns of one that is a matrix."""
MAPS, SIDE = 8, 32
"""Of feature maps: how many, and how many pixels high and wide."""
PIXELS = 1_000_000
"""How many of them a page carries, of kernels and of maps each, at a byte."""
LEVELS, NAN = 127, -128
"""How many shades there are on each side of 0, and the one of what is no finite number."""
Images = Array
"""(rows, columns, H, W)"""


class Stations:
    """The models at the checkpoints of a run, which may be growing, each looked at once."""

    def __init__(self) -> None:
        self._kernels: dict[int, dict[str, Images]] = {}
        self._maps: dict[int, dict[str, Images]] = {}

    def images(self, run: Run, row: Sequence[Array] | None) -> dict[str, Any]:
        """The kernels at some checkpoints, and what the network makes of a row.

        Args:
            run: as it is by now.
            row: the network's inputs, (1, ...) each; None where they are not known.
        """
        there = run.checkpoints
        steps = [there[place] for place in thinned(there, STATIONS)]
        for step in steps:
            if step not in self._kernels:
                self._look(run.model_at(step), step, row)
        maps = {step: self._maps[step] for step in steps if step in self._maps}
        kernels = {step: self._kernels[step] for step in steps}
        return {"kernels": album(kernels), "maps": album(maps)}

    def _look(self, model: Model, step: int, row: Sequence[Array] | None) -> None:
        weights = model.params.items()
        self._kernels[step] = {
            path: of_kernel(value) for path, value in weights if value.ndim in (2, 4)
        }
        if row is not None:
            self._maps[step] = dict(of_row(model, row))


def of_kernel(kernel: Array) -> Images:
    """The first filters of a kernel, a row of images for each channel; or a matrix's corner."""
    kernel = host(kernel)
    if kernel.ndim == 2:
        return kernel[None, None, :MATRIX, :MATRIX].copy()  # (1, 1, inputs, units)
    return np.moveaxis(kernel[:, :, :CHANNELS, :FILTERS], (2, 3), (0, 1)).copy()  # (C, F, kh, kw)


def of_row(model: Model, row: Sequence[Array]) -> Iterator[tuple[str, Images]]:
    """The inputs of a network and the outputs of its calls, in inference, as images."""
    tape = model.forward(*row)
    outputs = ((call.key, call.output) for call in tape.values())
    for name, (y, *_) in chain(zip(model.graph.input_names.values(), row, strict=True), outputs):
        yield name, of_output(y)


def of_output(y: Array) -> Images:
    """The first maps of what a call makes of one row; of other outputs a line of numbers."""
    y = host(y)
    if y.ndim != 3:
        return y.reshape(1, 1, 1, -1)[..., :MATRIX].copy()  # (1, 1, 1, units)
    apart = math.ceil(max(y.shape[:2]) / SIDE)
    maps = y[::apart, ::apart, :MAPS]  # (H, W, C)
    return np.moveaxis(maps, 2, 0)[None].copy()  # (1, C, H, W)


def album(pages: Mapping[int, Mapping[str, Images]]) -> dict[str, Any]:
    """Images over some steps, int8 (steps, rows, columns, H, W) by name.

    Each stands for its share of the largest number of its name, which is LEVELS: 0 is 0, and NAN
    what is no finite number.
    """
    steps = list(pages)
    if not steps:
        return {"steps": [], "images": {}}
    size = sum(images.size for images in pages[steps[0]].values())
    chosen = [steps[place] for place in thinned(steps, max(2, PIXELS // max(1, size)))]
    names = pages[steps[0]]
    drawn = {name: shades(np.stack([pages[step][name] for step in chosen])) for name in names}
    return {"steps": chosen, "images": drawn}


def shades(images: Array) -> dict[str, Any]:
    """Images in whole numbers, and what LEVELS stands for."""
    known = np.isfinite(images)
    limit = float(np.max(np.abs(images), where=known, initial=0.0)) or 1.0
    parts = np.where(known, images, 0).astype(np.float64) / limit
    levels = np.where(known, np.round(LEVELS * parts), NAN).astype(np.int8)
    return {"limit": limit, "levels": packed(levels)}
