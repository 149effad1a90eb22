"""The manifest of a run, run.json: what was trained, on what, how, and where."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnscratch.kernels.ops import Array
from nnscratch.runs.descriptions import fingerprint
from nnscratch.runs.environment import differences
from nnscratch.runs.errors import RunError
from nnscratch.training import weight_files
from nnscratch.training.atomic import replacing
from nnscratch.training.loop import FitPlan
from nnscratch.training.weight_files import WeightFileError

FORMAT = 1
FILE = "run.json"
ARRAYS = "arrays.safetensors"


@dataclass(frozen=True)
class Manifest:
    """What is written once, when recording begins."""

    run: str
    """Drawn for this run: its checkpoints and its log carry it too."""
    parent: Mapping[str, Any] | None
    """For a fork, the run that it comes from, and the step."""
    model: Mapping[str, Any]
    plan: FitPlan
    data: Mapping[str, Any]
    """Descriptions of the rows: "training" and "validation"."""
    first_step: int
    every: int
    keep: int
    environment: Mapping[str, Any]

    def conflicts(self, other: Manifest) -> list[str]:
        """Where another training is not this one, in words."""
        parts = ("model", "plan", "data", "first_step")
        mine, theirs = ({part: as_json(getattr(m, part)) for part in parts} for m in (self, other))
        return differences(mine, theirs)


def as_json(value: Any) -> Any:
    """A value as it comes back from JSON."""
    return json.loads(json.dumps(value._asdict() if isinstance(value, FitPlan) else value))


def write(folder: Path, manifest: Manifest, arrays: Mapping[str, Array]) -> None:
    """Write the manifest, and the arrays that it names by their digests.

    Raises:
        OSError: they cannot be written.
    """
    weight_files.save(folder / ARRAYS, arrays, {"run": manifest.run})
    fields = {field.name: getattr(manifest, field.name) for field in dataclasses.fields(manifest)}
    body = {
        "format": FORMAT,
        **fields,
        "plan": manifest.plan._asdict(),
        "arrays": {digest: [list(a.shape), a.dtype.name] for digest, a in arrays.items()},
    }
    text = json.dumps({**body, "digest": _digest(body)}, indent=1) + "\n"
    with replacing(folder / FILE) as file:
        file.write(text.encode())


def read(folder: Path) -> tuple[Manifest, dict[str, Array]]:
    """The manifest in a folder, and its arrays.

    Raises:
        RunError: there is none, or it is damaged or of another format.
        WeightFileError: the arrays are damaged.
    """
    path = folder / FILE
    try:
        body = json.loads(path.read_bytes())
        digest = body.pop("digest")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(f"{folder}: holds no run, {FILE} is missing") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: damaged: {error!r}") from error
    if body.get("format") != FORMAT:
        raise RunError(
            f"{path}: expected format {FORMAT}, got {body.get('format')!r}; open it with the "
            "version of nnscratch that recorded it"
        )
    if digest != _digest(body):
        raise RunError(f"{path}: damaged or changed since it was written, its digest is wrong")
    del body["format"]
    shapes = body.pop("arrays")
    expected = {name: (tuple(shape), dtype) for name, (shape, dtype) in shapes.items()}
    manifest = Manifest(**{**body, "plan": FitPlan(**body["plan"])})
    return manifest, _read_arrays(folder / ARRAYS, expected)


def is_one(path: Path) -> bool:
    """Whether a file is a manifest, and whole."""
    try:
        body = json.loads(path.read_bytes())
        return bool(body.pop("digest") == _digest(body))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def are_arrays(path: Path) -> bool:
    """Whether a file holds a manifest's arrays."""
    try:
        return "run" in weight_files.load_metadata(path)
    except (OSError, WeightFileError):
        return False


def _read_arrays(path: Path, expected: Mapping[str, Any]) -> dict[str, Array]:
    try:
        arrays = weight_files.load(path, expected)
    except FileNotFoundError as error:
        raise RunError(f"{path}: is missing") from error
    for digest, array in arrays.items():
        if fingerprint(array) != digest:
            raise WeightFileError(f"{path}: {digest} is damaged, its digest is wrong")
    return arrays


def _digest(body: Mapping[str, Any]) -> str:
    """A digest of the content, however it is laid out."""
    text = json.dumps(body, sort_keys=True).encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()
