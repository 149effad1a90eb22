"""How the recording of a run begins: anew, or where it was interrupted."""

from __future__ import annotations

import dataclasses
import secrets
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nnscratch.backend import get_backend
from nnscratch.core.errors import NNError
from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.runs import blueprint, callback_states, log, manifest
from nnscratch.runs.archive import LOG, Archive
from nnscratch.runs.blueprint import Blueprint
from nnscratch.runs.callback_states import State
from nnscratch.runs.checkpoints import Checkpoints, Key, remove_temporary
from nnscratch.runs.data import describe_rows
from nnscratch.runs.descriptions import fingerprint
from nnscratch.runs.environment import differences, environment
from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import LOST, writing
from nnscratch.runs.log import Log, Mark
from nnscratch.runs.manifest import Manifest, as_json
from nnscratch.runs.record import Record
from nnscratch.runs.recording import Recording
from nnscratch.training.loop import Fit, Position


class Settings(NamedTuple):
    """How a run is recorded."""

    every: int
    keep: int
    parent: Mapping[str, Any] | None = None


def holds_run(folder: Path) -> bool:
    """Whether a run has begun in a folder: only then there is something to lose.

    Raises:
        RunError: there is the log of one, but without what makes it readable.
    """
    is_there = (folder / manifest.FILE).exists()
    if is_there and Checkpoints(folder, "", 1, 2).keys():
        return True
    path = folder / LOG
    if path.exists() and any("step" in entry for entry, _ in log.read(path, Mark())):
        missing = "its checkpoints are" if is_there else f"{manifest.FILE} is"
        raise RunError(f"{folder}: holds the log of a run, but {missing} missing; {LOST}")
    return False


def strangers(folder: Path) -> list[str]:
    """Files that have a run's names, but are no part of one, not even of one that hardly began."""
    path = folder / LOG
    first = path.read_bytes()[: len(log.BEGINNING)] if path.is_file() else b""
    ours = {
        manifest.FILE: manifest.is_one(folder / manifest.FILE),
        manifest.ARRAYS: manifest.are_arrays(folder / manifest.ARRAYS),
        LOG: path.is_file() and log.BEGINNING.startswith(first),
    }
    return [name for name, is_ours in ours.items() if (folder / name).exists() and not is_ours]


def refuse(folder: Path) -> None:
    """Do not write over a run, nor over anything else.

    Raises:
        RunError: the folder holds one, or files of other people by a run's names.
    """
    others = strangers(folder)
    if others:
        raise RunError(
            f"{folder}: {', '.join(others)} would be written over, but no run of nnscratch's wrote "
            "that, or it is damaged; choose another folder"
        )
    if holds_run(folder):
        raise RunError(
            f"{folder}: already holds a run; to look into it or go on with it, "
            f"nn.Run.open({str(folder)!r}); to let this fit go on where it was interrupted, "
            f"nn.Run({str(folder)!r}, resume=True); else choose another folder"
        )


def describe(
    model: Blueprint, first_step: int, task: Fit, settings: Settings
) -> tuple[Manifest, dict[str, Array]]:
    """The manifest of a training that begins, and the arrays that it names."""
    described, arrays = blueprint.write(model)
    data = {"training": describe_rows(task.rows), "validation": describe_rows(task.validation)}
    for rows in (task.rows, task.validation):
        if rows is not None and rows.weights is not None:
            arrays[fingerprint(rows.weights)] = rows.weights
    found = Manifest(
        run=secrets.token_hex(8),
        parent=settings.parent,
        model=as_json(described),
        plan=task.plan,
        data=as_json(data),
        first_step=first_step,
        every=settings.every,
        keep=settings.keep,
        environment=as_json(environment(get_backend(model.backend))),
    )
    return found, arrays


def begin(folder: Path, model: Model, task: Fit, settings: Settings) -> Recording:
    """Begin to record in a folder that holds no run.

    Raises:
        RunError: it cannot be written, or another process writes there.
    """
    plan, data = Blueprint.of(model), (task.rows, task.validation)
    described, arrays = describe(plan, model.iteration, task, settings)
    archive = Archive(folder, described, arrays, Record(), plan, data)
    with writing(folder, trained=False):
        folder.mkdir(parents=True, exist_ok=True)
        recording = Recording(archive, model, task, Log(folder / LOG, Mark()), {})
    try:
        with writing(folder, trained=False):
            manifest.write(folder, described, arrays)
        recording.write({"run": described.run})
        recording.checkpoint()
    except BaseException:
        recording.close()
        raise
    return recording


def go_on(
    folder: Path, model: Model, task: Fit, settings: Settings, known: Archive | None = None
) -> tuple[Recording, Sequence[State]]:
    """Go on with a training where it was interrupted: from its newest checkpoint.

    The model and the task's position are brought there; the callbacks' states are returned.

    Args:
        folder: of the run.
        model: the model that was trained, or one like it, as it was when the training began.
        task: the `fit` that goes on.
        settings: how to record.
        known: what is known of the run, where it is to be gone on with wherever the model stands.

    Raises:
        RunError, WeightFileError: the folder holds another training, or a damaged one; and nothing
            has changed.
    """
    found, arrays = manifest.read(folder)
    begun = Blueprint.of(model) if known is None else known.blueprint
    first_step = model.iteration if known is None else known.manifest.first_step
    described, _ = describe(begun, first_step, task, settings)
    found = dataclasses.replace(found, every=settings.every, keep=settings.keep)
    data = (task.rows, task.validation)
    archive = Archive(folder, found, arrays, Record(), begun, data)
    conflicts = found.conflicts(described)
    if task.position != Position(task.plan.initial_epoch, model.iteration):
        conflicts.append("another Run of this fit goes on from a checkpoint of its own")
    if known is None and not conflicts:
        conflicts = differences_of_first(archive, model)
    if conflicts:
        raise RunError(
            "\n  ".join([f"{folder}: holds the run of another training:", *conflicts])
            + "\nMake the model and call fit as it was, or choose another folder; to go on with "
            f"what the folder holds, nn.Run.open({str(folder)!r}, data=(x, y)).resume(callbacks)"
        )
    return take_up(archive, model, task, described.environment)


def differences_of_first(archive: Archive, model: Model) -> list[str]:
    """How a model differs from what it was when the training began, in words.

    Raises:
        RunError, WeightFileError: the first checkpoint, which tells, cannot be read.
    """
    checkpoints, first_step = archive.checkpoints, archive.manifest.first_step
    try:
        first = checkpoints.read(Key(first_step), archive.blueprint.compiled).snapshot
    except NNError as error:
        error.add_note("nn.Run.open(folder, data=(x, y)).resume(callbacks) goes on without it")
        raise
    frozen = sorted(model.parameters.frozen_layers)
    found = differences({"frozen": sorted(first.frozen)}, {"frozen": frozen})
    here = {path: model.backend.to_host(value) for path, value in model.params.items()}
    others = [
        path for path, value in first.values.items() if here[path].tobytes() != value.tobytes()
    ]
    if others:
        largest = max(abs(here[path] - first.values[path]).max() for path in others)
        found.append(
            f"first weights: {len(others)} of {len(here)} arrays are others than recorded, by "
            f"{largest:.2g} at most: {', '.join(others)}"
        )
    return found


def take_up(
    archive: Archive, model: Model, task: Fit, here: Mapping[str, Any]
) -> tuple[Recording, Sequence[State]]:
    """Bring model, position and log to the newest checkpoint; see `go_on`."""
    folder, checkpoints, begun = archive.folder, archive.checkpoints, archive.blueprint
    checkpoint = checkpoints.read(checkpoints.latest(), begun.compiled)
    callback_states.check(folder, task.callbacks.callbacks, checkpoint.callbacks)
    states = checkpoints.growth.resume(checkpoint.callbacks)
    before = {}
    for entry, mark in log.read(folder / LOG, checkpoint.log):
        if mark.size <= checkpoint.log.size:
            archive.record.add(entry)
        elif "step" in entry:
            before[entry["step"]] = entry["loss"]
    with writing(folder, trained=True):
        lines = Log(folder / LOG, checkpoint.log)
        checkpoints.forget_changes(checkpoint.snapshot.iteration)
        remove_temporary(folder)
        remove_temporary(checkpoints.folder)
    model.restore(checkpoint.snapshot)
    task.position = checkpoint.position.on(model.backend)
    model.stop_training = checkpoint.stopped
    recording = Recording(archive, model, task, lines, before)
    try:
        note_environment(recording, checkpoint.snapshot.iteration, here)
    except BaseException:
        recording.close()
        raise
    return recording, states


def note_environment(recording: Recording, step: int, here: Mapping[str, Any]) -> None:
    """Write down where the run goes on, and warn, if that is not where it was."""
    archive = recording.archive
    changes = differences(archive.environment, here)
    if changes:
        recording.write({"before": step, "environment": here})
        warnings.warn(
            "\n  ".join(
                [f"{archive.folder}: from step {step} on this is another environment:", *changes]
            )
            + "\nTraining goes on, perhaps not to the bits that it would have come to there",
            RuntimeWarning,
            stacklevel=2,
        )
