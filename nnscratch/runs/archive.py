"""Archive: what is known of a run, while it is trained or from its folder."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnscratch.backend import get_backend
from nnscratch.core.errors import NNError
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.runs import blueprint, data, log, manifest
from nnscratch.runs.blueprint import Blueprint
from nnscratch.runs.checkpoints import Checkpoints
from nnscratch.runs.descriptions import foreign
from nnscratch.runs.environment import differences, environment
from nnscratch.runs.errors import RunError
from nnscratch.runs.manifest import Manifest, as_json
from nnscratch.runs.record import Record
from nnscratch.training.batches import Rows

LOG = "log.jsonl"

Data = tuple[Rows, Rows | None]
"""The rows to train on, and those to validate on."""


class Archive:
    """A run: what was trained, on what, and what came of it.

    Args:
        folder: of the run.
        manifest: what was written when it began.
        arrays: the arrays that the manifest names.
        record: what happened so far.
        model: what was trained; None to make it of the manifest.
        data: what it was trained on; None to load a data set of nnscratch's again.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        arrays: Mapping[str, Array],
        record: Record,
        model: Blueprint | None = None,
        data: Data | None = None,
    ):
        self.folder = folder
        self.manifest = manifest
        self.arrays = arrays
        self.record = record
        self.checkpoints = Checkpoints(folder, manifest.run, manifest.every, manifest.keep)
        self._model = model
        self._data = data

    @functools.cached_property
    def blueprint(self) -> Blueprint:
        """What was trained.

        Raises:
            RunError: it has parts that are not nnscratch's own.
        """
        return self._model or blueprint.read(self.manifest.model, self.arrays)

    @functools.cached_property
    def data(self) -> Data:
        """What it was trained on.

        Raises:
            RunError: nobody gave it, and it is no data set of nnscratch's.
        """
        return self._data or data.find(
            self.folder, self.blueprint.build(), self.manifest.data, self.arrays
        )

    @property
    def environment(self) -> Mapping[str, Any]:
        """Where its last steps were recorded."""
        return next(reversed(self.record.environments.values()), self.manifest.environment)

    @property
    def differences(self) -> list[str]:
        """What is otherwise here than where it was recorded, in words."""
        try:
            here = as_json(environment(get_backend(self.manifest.model["backend"])))
        except NNError as error:
            return [f"backend: {error}"]
        found = differences(self.manifest.environment, here)
        for step, recorded in self.record.environments.items():
            found += [f"from step {step} on: {line}" for line in differences(recorded, here)]
        return found

    @property
    def explanation(self) -> str:
        """What may be the reason that a step does not come out as it was recorded."""
        changed = data.mismatches(self.manifest.data["training"], self.data[0], "training")
        if changed:
            return "The data have changed since: " + "; ".join(changed)
        if self.differences:
            return "What differs: " + "; ".join(self.differences)
        same = "Versions, code, processor, matrix library and its threads are those recorded"
        own = " or ".join(sorted(set(foreign(self.manifest.model))))
        if own:
            return f"{same}: is {own} another one than then, or no pure function?"
        return f"{same}, and so is the model: did a callback change it that is not here now?"


def load(
    folder: Path,
    model: Model | None = None,
    given: Sequence[Any] | None = None,
    validation: Sequence[Any] | None = None,
) -> Archive:
    """Read a run.

    Args:
        folder: where it is.
        model: built and compiled like the one that was trained.
        given: (x, y), what it was trained on.
        validation: (x, y), what it was validated on.

    Raises:
        RunError, WeightFileError: the folder holds no run or a damaged one, or what is given is
            not what was recorded.
    """
    found, arrays = manifest.read(folder)
    archive = Archive(folder, found, arrays, Record())
    for entry, _ in log.read(folder / LOG, archive.checkpoints.end_of_log()):
        archive.record.add(entry)
    if model is not None:
        described, _ = blueprint.write(Blueprint.of(model))
        problems = differences(found.model, as_json(described))
        if problems:
            raise RunError(
                "\n  ".join([f"{folder}: the model is not the run's:", *problems])
                + "\nBuild and compile it as it was"
            )
        archive.blueprint = Blueprint.of(model)
    if given is None and validation is not None:
        raise RunError(f"{folder}: validation data are given, but no data: give data=(x, y) too")
    if given is not None:
        reader = archive.blueprint.build()
        archive.data = data.match(folder, reader, found.data, arrays, given, validation)
    return archive
