"""A checkpoint in a file: its arrays, and all else as JSON in the file's metadata."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnscratch.core.store import Arena, Layout, host
from nnscratch.kernels.ops import Array
from nnscratch.runs import schema
from nnscratch.runs.errors import RunError
from nnscratch.runs.log import Mark
from nnscratch.runs.packing import pack, unpack
from nnscratch.training import weight_files
from nnscratch.training.compiled import Compiled
from nnscratch.training.loop import Meter, Position
from nnscratch.training.snapshot import Snapshot
from nnscratch.training.weight_files import WeightFileError

LOOKS_LIKE = schema.fields(
    run=schema.text,
    iteration=schema.whole(),
    learning_rate=schema.either(schema.number, schema.nothing),
    frozen=schema.many(schema.text),
    stopped=schema.flag,
    log=schema.row(schema.whole(), schema.whole()),
    position=schema.row(schema.whole(), schema.whole(), schema.whole()),
    meter=schema.row(schema.number, schema.whole(), schema.many(schema.anything)),
    values=schema.each(schema.anything),
    slots=schema.either(schema.each(schema.anything), schema.nothing),
    callbacks=schema.many(schema.row(schema.text, schema.anything)),
    arrays=schema.ARRAYS,
)
"""What is in the metadata. What was packed is found out when it is unpacked."""


class Checkpoint(NamedTuple):
    """Everything that a training needs to go on from before a step."""

    snapshot: Snapshot
    position: Position
    stopped: bool
    """Whether somebody has asked to end the training here."""
    callbacks: Sequence[tuple[str, Mapping[str, Any]]]
    """Class and state of every callback that has a state, in their order; see `Growth.resume`."""
    log: Mark
    """Where the log ended."""


def write(path: Path, run: str, checkpoint: Checkpoint) -> None:
    """Write a run's checkpoint.

    Raises:
        OSError: it cannot be written; what was at the path stays.
        RunError: a callback's state has something in it that cannot be kept.
    """
    snapshot, meter = checkpoint.snapshot, checkpoint.position.meter.read()
    rate = snapshot.compiled.optimizer.learning_rate
    states = [{name: host(value) for name, value in state.items()} for state in meter.states]
    arrays: dict[str, Array] = {}
    content = {
        "run": run,
        "iteration": snapshot.iteration,
        "learning_rate": float(rate) if isinstance(rate, Real) else None,
        "frozen": sorted(snapshot.frozen),
        "stopped": checkpoint.stopped,
        "log": checkpoint.log,
        "position": pack(checkpoint.position[:3], arrays, "position"),
        "meter": pack((meter.loss, meter.rows, states), arrays, "meter"),
        "values": pack(snapshot.values, arrays, "values"),
        "slots": pack(snapshot.slots, arrays, "slots"),
        "callbacks": [
            [kind, pack(state, arrays, f"callbacks/{number} {kind}")]
            for number, (kind, state) in enumerate(checkpoint.callbacks)
        ],
    }
    expected = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    text = json.dumps({**content, "arrays": expected})
    weight_files.save(path, arrays, {"checkpoint": text, "crc32": checksum(text)})


def read(path: Path, run: str, step: int, compiled: Compiled) -> Checkpoint:
    """Read a run's checkpoint.

    Args:
        path: the file.
        run: whose it must be ...
        step: ... and before which step it must have been taken.
        compiled: optimizer, losses and metrics; the learning rate is the checkpoint's.

    Raises:
        RunError, WeightFileError: it is damaged, or another one.
        OSError: it cannot be read.
    """
    content = _read_content(path, run, step)
    shapes = content["arrays"].items()
    expected = {name: (tuple(shape), dtype) for name, (shape, dtype) in shapes}
    arrays = weight_files.load(path, expected)
    try:
        return _checkpoint(content, arrays, compiled)
    except (LookupError, TypeError, ValueError) as error:
        raise WeightFileError(f"{path}: its header is damaged: {error!r}") from error


def _checkpoint(
    content: Mapping[str, Any], arrays: Mapping[str, Array], compiled: Compiled
) -> Checkpoint:
    if content["learning_rate"] is not None:
        compiled = compiled.with_learning_rate(content["learning_rate"])
    slots = unpack(content["slots"], arrays)
    snapshot = Snapshot(
        content["iteration"],
        unpack(content["values"], arrays),
        frozenset(content["frozen"]),
        None if slots is None else {name: arena(slot) for name, slot in slots.items()},
        compiled,
    )
    epoch, start, batch = content["position"]
    loss, rows, states = unpack(content["meter"], arrays)
    if states and len(states) != len(compiled.measures):
        raise ValueError(f"expected {len(compiled.measures)} metrics, got {len(states)}")
    position = Position(epoch, start, batch, Meter(loss, rows, tuple(states)))
    callbacks = [(kind, unpack(state, arrays)) for kind, state in content["callbacks"]]
    return Checkpoint(snapshot, position, content["stopped"], callbacks, Mark(*content["log"]))


def read_mark(path: Path, run: str, step: int) -> Mark:
    """Where the log ended when a run's checkpoint was taken; see `read`."""
    return Mark(*_read_content(path, run, step)["log"])


def _read_content(path: Path, run: str, step: int) -> dict[str, Any]:
    """What is no array."""
    metadata = weight_files.load_metadata(path)
    text = metadata.get("checkpoint", "")
    if metadata.get("crc32") != checksum(text):
        raise WeightFileError(f"{path}: its header is damaged, or it is no checkpoint")
    content: dict[str, Any] = json.loads(text)
    if not LOOKS_LIKE(content):
        raise WeightFileError(f"{path}: its header is written whole, but it is no checkpoint's")
    if content["run"] != run:
        raise RunError(f"{path}: is a checkpoint of another run")
    if content["iteration"] != step:
        raise RunError(f"{path}: was taken before step {content['iteration']}, not {step}")
    return content


def checksum(text: str) -> str:
    """Of the metadata; the arrays have their own."""
    return str(zlib.crc32(text.encode()))


def arena(arrays: Mapping[str, Array]) -> Arena:
    """Arrays by path, side by side."""
    flat = [array.ravel() for array in arrays.values()]
    layout = Layout({path: array.shape for path, array in arrays.items()})
    return Arena(layout, np.concatenate(flat) if flat else np.empty(0))
