"""TensorBoard: a training for those who look at it there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, cast

import numpy as np

from nnscratch.core.arguments import ArgumentError, flag, positive, whole
from nnscratch.core.graph import Graph
from nnscratch.core.step import Step
from nnscratch.core.store import host
from nnscratch.core.tape import labels
from nnscratch.inspect.event_file import EventFile, Tile, check_installed
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import CALL, WEIGHT
from nnscratch.kernels.ops import Array
from nnscratch.runs.folder import named
from nnscratch.training.callbacks import Callback, Logs

FILTERS, CHANNELS, MATRIX = 16, 4, 64
"""Of kernels: filters, the channels of each, and rows and columns of one that is a matrix."""
ENLARGED = 8
"""Pixels for each number of a kernel."""


class Network(Protocol):
    """A model that has a graph."""

    graph: Graph


class TensorBoard(Callback):
    """Writes a training for TensorBoard; look at it with `tensorboard --logdir logs`.

    TensorFlow is not needed. The folder train holds the logs of every epoch as epoch_loss ..., the
    network, and, where asked for, of the first step of an epoch the histograms of all activations,
    weights, gradients and updates: conv2d/output, conv2d/output_gradient, conv2d/kernel/value,
    conv2d/kernel/gradient, conv2d/kernel/update, their norms, and the ratio of each weight's update
    to it. The folder validation holds the logs whose names begin with val_, without that.

    Unlike Keras's, it tells of gradients and updates, and histograms stand at the step in which
    they were taken.

    Args:
        log_dir: the folder; is made where it is missing. Several trainings may share a parent.
        histogram_freq: every so many epochs histograms are taken; 0: never. Such a step is
            computed twice.
        write_graph: whether to write the network.
        write_images: whether kernels are written as images, too, when histograms are taken: a row
            for each of the first channels, a column for each of the first filters; 0 is grey.
        update_freq: "epoch"; or "batch" or a number of batches, for batch_loss ... as well.
        select: of what histograms are taken, see `nn.Recorder`.

    Raises:
        TensorBoardError: the package tensorboard is missing.
        ArgumentError: an argument that makes no sense, as images where no histograms are taken.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        update_freq: str | int = "epoch",
        *,
        select: str | Iterable[str] = "*",
    ):
        check_installed()
        self.log_dir = named("TensorBoard log_dir", log_dir)
        self.histogram_freq = whole("TensorBoard histogram_freq", histogram_freq, 0)
        self.write_graph = flag("TensorBoard write_graph", write_graph)
        self.write_images = flag("TensorBoard write_images", write_images)
        if self.write_images and not self.histogram_freq:
            raise ArgumentError(
                "TensorBoard write_images: images are written when histograms are taken; give "
                "histogram_freq=1 too"
            )
        self._every = {"epoch": None, "batch": 1}.get(str(update_freq), 0)
        if self._every == 0:
            self._every = positive('TensorBoard update_freq ("epoch", "batch")', update_freq)
        self.select = Recorder(select=select).selection.patterns
        self._files: dict[str, EventFile] = {}
        self._due = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open a file, and write the network into it."""
        self._files = {}
        train = self._file("train")
        if self.write_graph:
            train.graph(tiles(cast(Network, self.model).graph))
        train.flush()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Whether histograms are due."""
        self._due = self.histogram_freq > 0 and epoch % self.histogram_freq == 0

    def on_step(self, step: Step) -> None:
        """Look at the first step of an epoch, if that is due."""
        self._index = step.index
        if self._due:
            self._due = False
            self._describe(step)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the batch's logs, if they were asked for."""
        if self._every is not None and self._index % self._every == 0:
            for name, value in (logs or {}).items():
                self._file("train").scalar(f"batch_{name}", value, self._index)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's logs and the learning rate, and let them be read."""
        known = {"learning_rate": self.model.learning_rate, **(logs or {})}
        for name, value in known.items():
            own = name.removeprefix("val_")
            self._file("train" if own == name else "validation").scalar(
                f"epoch_{own}", value, epoch
            )
        for file in self._files.values():
            file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(self.log_dir / part)
        return self._files[part]

    def _describe(self, step: Step) -> None:
        """Write histograms and norms of a step, and images of its kernels."""
        recorder, file = Recorder(every=1, select=self.select), self._file("train")
        recorder.record(step)
        (look,) = recorder.looks
        for name, label in labels(recorder).items():
            track = recorder[name]
            for what in WEIGHT if name in recorder.weights else CALL:
                file.scalar(f"{label}/{what}/norm", getattr(track, what).norm[0], step.index)
                if what in look.histograms[name]:
                    file.histogram(f"{label}/{what}", look.histograms[name][what], step.index)
            if name in recorder.weights:
                file.scalar(f"{label}/ratio", track.ratio[0], step.index)
        if self.write_images:
            for path, pixels in kernel_images(step.before, recorder.weights):
                file.image(path, pixels, step.index)


def tiles(graph: Graph) -> Iterator[Tile]:
    """The inputs and calls of a graph, by names that TensorBoard's graphs can have."""
    named = {symbol: name.replace("#", ".") for symbol, name in graph.origins.items()}
    for symbol in graph.inputs:
        yield Tile(named[symbol], "Input", [], symbol.shape, "")
    for node in graph.nodes:
        settings = ", ".join(f"{name}={value!r}" for name, value in node.layer.config.items())
        read = [named[symbol] for symbol in node.inputs]
        kind = type(node.layer).__name__
        yield Tile(named[node.output], kind, read, node.output.shape, settings)


def kernel_images(values: Mapping[str, Array], paths: Iterable[str]) -> Iterator[tuple[str, Array]]:
    """Kernels as grey images by path, uint8 (rows, columns)."""
    for path in paths:
        kernel = host(values[path])
        if kernel.ndim == 2:
            yield path, mosaic(kernel[None, None, :MATRIX, :MATRIX])
        elif kernel.ndim == 4:
            some = kernel[:, :, :CHANNELS, :FILTERS]  # (kh, kw, channels, filters)
            yield path, mosaic(np.moveaxis(some, (2, 3), (0, 1)))


def mosaic(images: Array) -> Array:
    """Images (rows, columns, H, W) side by side, with white lines between, uint8.

    The largest magnitude is black or white, 0 the grey between them, and what is not finite white.
    """
    finite = np.isfinite(images)
    largest = np.max(np.abs(images), where=finite, initial=0) or 1
    shades = np.where(finite, 127.5 + 127.5 * np.where(finite, images, 0) / largest, 255)
    large = shades.repeat(ENLARGED, axis=2).repeat(ENLARGED, axis=3)
    framed = np.pad(large, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=255)
    rows, columns, height, width = framed.shape
    return framed.swapaxes(1, 2).reshape(rows * height, columns * width).astype(np.uint8)
