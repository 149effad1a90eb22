"""The rows of a run: known by digests, not kept; found again, or named where they differ."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnscratch.core.errors import DataError, NNError
from nnscratch.datasets import digits, fashion_mnist
from nnscratch.kernels.ops import Array
from nnscratch.labels import to_categorical
from nnscratch.model import Model
from nnscratch.runs.descriptions import fingerprint
from nnscratch.runs.errors import RunError
from nnscratch.training import feeding
from nnscratch.training.batches import Rows

NAMED: Mapping[int, Callable[..., Any]] = {8 * 8: digits, 28 * 28: fashion_mnist}
"""Data sets that can be loaded again, by the pixels of an image."""
CLASSES = 10
"""Of each of them."""

GIVE = "give them: nn.Run.open(folder, data=(x, y))"


def describe(array: Array) -> dict[str, Any]:
    """What is kept of an array."""
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "range": [float(array.min()), float(array.max())],
        "digest": fingerprint(array),
    }


def describe_rows(rows: Rows | None) -> dict[str, Any] | None:
    """What is kept of rows as the model saw them. Their weights are kept whole, by digest."""
    if rows is None:
        return None
    return {
        "inputs": [describe(x) for x in rows.inputs],
        "targets": [describe(y) for y in rows.targets],
        "weights": None if rows.weights is None else fingerprint(rows.weights),
    }


def difference(what: str, recorded: Mapping[str, Any], array: Array) -> str | None:
    """How an array differs from the recorded one, in words."""
    found = describe(array)
    for name in ("shape", "dtype", "range"):
        if found[name] != recorded[name] and repr(found[name]) != repr(recorded[name]):
            return f"{what}: recorded with the {name} {recorded[name]}, this has {found[name]}"
    if found["digest"] != recorded["digest"]:
        return f"{what}: shape, dtype and range are those recorded, but the numbers are others"
    return None


def mismatches(recorded: Mapping[str, Any], rows: Rows, what: str) -> list[str]:
    """How rows differ from the recorded ones, in words; nothing where they are those."""
    found = []
    for kind, arrays in (("inputs", rows.inputs), ("targets", rows.targets)):
        for number, (was, array) in enumerate(zip(recorded[kind], arrays, strict=True)):
            label = f"{what} {kind}" + (f" {number}" if len(arrays) > 1 else "")
            found.append(difference(label, was, array))
    return [line for line in found if line]


def match(
    folder: Path,
    model: Model,
    recorded: Mapping[str, Any],
    weights: Mapping[str, Array],
    data: Sequence[Any],
    validation: Sequence[Any] | None,
) -> tuple[Rows, Rows | None]:
    """The rows to train and to validate on, of the data that somebody gives.

    Args:
        folder: of the run.
        model: reads them.
        recorded: the descriptions of both, "training" and "validation".
        weights: the weights of rows, by digest.
        data: (x, y). Where a part of it was set aside by validation_split, it is again.
        validation: (x, y), where validation_data were given; may be left out, and is None then.

    Raises:
        RunError: they are not what was recorded; says which array differs, and how.
    """
    rows = _read(folder, model, "data", data)
    count = length(recorded["training"])
    held_out = None if validation is None else _read(folder, model, "validation", validation)
    if recorded["validation"] is None and held_out is not None:
        raise RunError(f"{folder}: validation data are given, but the training had none")
    together = count + length(recorded["validation"]) if recorded["validation"] else 0
    if held_out is None and len(rows) == together:  # as validation_split has set it aside
        rows, held_out = rows.take(slice(count)), rows.take(slice(count, None))
    problems = mismatches(recorded["training"], rows, "training")
    if held_out is not None:
        problems += mismatches(recorded["validation"], held_out, "validation")
    if problems:
        raise RunError(
            "\n  ".join([f"{folder}: these are not the data of the run:", *problems])
            + "\nGive (x, y) as fit was given them"
        )
    weigh = weights.get
    rows = dataclasses.replace(rows, weights=weigh(recorded["training"]["weights"]))
    if held_out is not None:
        held_out = dataclasses.replace(held_out, weights=weigh(recorded["validation"]["weights"]))
    return rows, held_out


def length(recorded: Mapping[str, Any]) -> int:
    """How many rows were recorded."""
    return int(recorded["inputs"][0]["shape"][0])


def find(
    folder: Path, model: Model, recorded: Mapping[str, Any], weights: Mapping[str, Array]
) -> tuple[Rows, Rows | None]:
    """The rows, where they are the first ones of a data set that nnscratch can load.

    Raises:
        RunError: they are not.
    """
    for data, validation in _candidates(folder, recorded):
        try:
            return match(folder, model, recorded, weights, data, validation)
        except NNError:  # another data set, or another part of it
            continue
    raise RunError(
        f"{folder}: the run's data are needed, and they are none of nn.datasets'; {GIVE}"
    )


def _candidates(folder: Path, recorded: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Data and validation data to try: both parts of a set, scaled or not, as many rows."""
    inputs, targets = recorded["training"]["inputs"], recorded["training"]["targets"]
    loader = NAMED.get(math.prod(inputs[0]["shape"][1:]))
    if loader is None or len(inputs) + len(targets) != 2:
        return
    train = length(recorded["training"])
    held_out = 0 if recorded["validation"] is None else length(recorded["validation"])
    for scale in (True, False):
        try:
            parts = loader(scale=scale)
        except DataError as error:
            name = loader.__name__
            raise RunError(
                f"{folder}: the run's data are needed, and if they are nn.datasets.{name}'s, that "
                f"cannot be loaded ({error}); {GIVE}"
            ) from error
        train_part, test_part = (formed(part, inputs[0], targets[0]) for part in parts)
        for part, other in ((train_part, test_part), (test_part, train_part)):
            if len(part[0]) >= train + held_out > train:
                yield first(part, train + held_out), None
            if len(part[0]) >= train:
                yield first(part, train), first(other, held_out) if held_out else None


def formed(
    part: tuple[Array, Array], inputs: Mapping[str, Any], targets: Mapping[str, Any]
) -> tuple[Array, Array]:
    """Images and labels in the form of what was recorded: flat, for instance, and one-hot."""
    x, y = part
    if targets["shape"][1:] == [CLASSES]:
        y = to_categorical(y, CLASSES)  # (N, CLASSES)
    return x.reshape(len(x), *inputs["shape"][1:]), y


def first(part: Sequence[Array], count: int) -> tuple[Array, ...]:
    """The first rows of each array."""
    return tuple(array[:count] for array in part)


def _read(folder: Path, model: Model, what: str, given: Sequence[Any]) -> Rows:
    """Rows as the model reads them."""
    if not isinstance(given, Sequence) or len(given) != 2:
        raise RunError(
            f"{folder}: {what}: expected (x, y); weights of rows and classes are kept in the folder"
        )
    x, y = given
    return feeding.training_rows(model, x, y, allow_nonfinite=True)
