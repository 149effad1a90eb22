"""Event files, as TensorBoard reads them: by its own package, and without TensorFlow.

    pip install 'nnscratch[tensorboard]'

Its classes are imported when the first file is opened.
"""

from __future__ import annotations

import importlib.util
import io
import math
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnscratch.core.errors import NNError
from nnscratch.inspect.looks import Histogram
from nnscratch.kernels.ops import Array


class TensorBoardError(NNError):
    """Nothing can be written for TensorBoard: its package is missing."""


class Tile(NamedTuple):
    """A node of a graph."""

    name: str
    kind: str
    inputs: list[str]
    """The names of the nodes that it reads."""
    shape: tuple[int, ...]
    """Of its output, without the batch axis."""
    settings: str


def check_installed() -> None:
    """Make sure that the package is there.

    Raises:
        TensorBoardError: it is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise TensorBoardError(
            "nn.TensorBoard: tensorboard is not installed; pip install 'nnscratch[tensorboard]'"
        )


class EventFile:
    """A new event file in a folder, which is made where it is missing.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, folder: Path):
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{secrets.token_hex(4)}.nnscratch"
        self._file = (folder / name).open("xb")
        self._records = RecordWriter(self._file)
        self._write(file_version="brain.Event:2")

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number, in float32."""
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._write(step=step, summary=scalar_pb(tag, value))

    def histogram(self, tag: str, histogram: Histogram, step: int) -> None:
        """How numbers are spread; one that is not finite has no spread, and is left out."""
        from tensorboard.plugins.histogram.metadata import create_summary_metadata
        from tensorboard.util.tensor_util import make_tensor_proto

        if not math.isfinite(histogram.low):
            return
        edges = histogram.edges
        parts = np.stack([edges[:-1], edges[1:], histogram.counts], axis=1)  # (parts, 3)
        self._tensor(tag, create_summary_metadata(None, None), make_tensor_proto(parts), step)

    def image(self, tag: str, pixels: Array, step: int) -> None:
        """A grey image, uint8 (rows, columns)."""
        from PIL import Image
        from tensorboard.plugins.image.metadata import create_summary_metadata
        from tensorboard.util.tensor_util import make_tensor_proto

        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "png")
        rows, columns = pixels.shape
        parts = [str(columns).encode(), str(rows).encode(), png.getvalue()]
        metadata = create_summary_metadata(None, None, converted_to_tensor=True)
        self._tensor(tag, metadata, make_tensor_proto(np.array(parts, object)), step)

    def graph(self, tiles: Iterable[Tile]) -> None:
        """A network, node by node."""
        from tensorboard.compat.proto import graph_pb2, tensor_shape_pb2

        graph = graph_pb2.GraphDef()
        for tile in tiles:
            node = graph.node.add(name=tile.name, op=tile.kind, input=tile.inputs)
            dim = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in (-1, *tile.shape)]
            shape = tensor_shape_pb2.TensorShapeProto(dim=dim)
            node.attr["_output_shapes"].list.shape.append(shape)
            node.attr["settings"].s = tile.settings.encode()
        self._write(graph_def=graph.SerializeToString())

    def flush(self) -> None:
        """Let others read what is written."""
        self._records.flush()

    def close(self) -> None:
        """Write nothing more."""
        self._records.close()

    def _tensor(self, tag: str, metadata: Any, tensor: Any, step: int) -> None:
        value = self._summary.Value(tag=tag, metadata=metadata, tensor=tensor)
        self._write(step=step, summary=self._summary(value=[value]))

    def _write(self, **parts: Any) -> None:
        event = self._event(wall_time=time.time(), **parts)
        self._records.write(event.SerializeToString())
