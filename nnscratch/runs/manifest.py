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
from nnscratch.runs import schema
from nnscratch.runs.descriptions import fingerprint
from nnscratch.runs.environment import differences
from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import LOST, reading
from nnscratch.training import weight_files
from nnscratch.training.atomic import replacing
from nnscratch.training.loop import FitPlan
from nnscratch.training.weight_files import WeightFileError

FORMAT = 1
FILE = "run.json"
ARRAYS = "arrays.safetensors"

_ARRAY = schema.fields(
    shape=schema.many(schema.whole(), least=1),
    dtype=schema.text,
    range=schema.row(schema.number, schema.number),
    digest=schema.text,
)
_ROWS = schema.fields(
    inputs=schema.many(_ARRAY, least=1),
    targets=schema.many(_ARRAY, least=1),
    weights=schema.either(schema.text, schema.nothing),
)
LOOKS_LIKE = schema.fields(
    run=schema.text,
    parent=schema.either(schema.fields(run=schema.text, step=schema.whole()), schema.nothing),
    model=schema.fields(
        backend=schema.text,
        dtype=schema.text,
        seed=schema.whole(),
        exact=schema.flag,
        name=schema.either(schema.text, schema.nothing),
        layers=schema.each(schema.each(schema.anything)),
        graphs=schema.many(schema.each(schema.anything), least=1),
        optimizer=schema.each(schema.anything),
        losses=schema.many(
            schema.fields(
                name=schema.text, output=schema.whole(), loss=schema.anything, weight=schema.number
            ),
            least=1,
        ),
        metrics=schema.many(
            schema.fields(name=schema.text, term=schema.whole(), metric=schema.anything)
        ),
    ),
    plan=schema.fields(
        batch_size=schema.whole(1),
        epochs=schema.whole(),
        initial_epoch=schema.whole(),
        shuffle=schema.flag,
    ),
    data=schema.fields(training=_ROWS, validation=schema.either(_ROWS, schema.nothing)),
    first_step=schema.whole(),
    every=schema.whole(1),
    keep=schema.whole(2),
    environment=schema.each(schema.anything),
    arrays=schema.ARRAYS,
)
"""What is in a manifest, beside format and digest. `blueprint` reads what layers and losses are."""


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
    body = _read_body(folder)
    shapes = body.pop("arrays")
    expected = {name: (tuple(shape), dtype) for name, (shape, dtype) in shapes.items()}
    manifest = Manifest(**{**body, "plan": FitPlan(**body["plan"])})
    return manifest, _read_arrays(folder / ARRAYS, expected)


def _read_body(folder: Path) -> dict[str, Any]:
    """What stands in the file, checked."""
    path = folder / FILE
    with reading(path):
        if not path.exists():
            raise RunError(
                f"{folder}: holds no run, {FILE} is missing; if it was moved, open it where it is "
                "now; to record one, model.fit(..., callbacks=[nn.Run(folder)])"
            )
        content = path.read_bytes()
    try:
        body: dict[str, Any] = json.loads(content)
        digest = body.pop("digest")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: damaged: {error!r}; {LOST}") from error
    found = body.pop("format", None)
    if found != FORMAT:
        raise RunError(
            f"{path}: expected format {FORMAT}, got {found!r}; open it with the version of "
            "nnscratch that recorded it"
        )
    if digest != _digest({"format": found, **body}):
        raise RunError(
            f"{path}: damaged or changed since it was written, its digest is wrong; {LOST}"
        )
    if not LOOKS_LIKE(body):
        raise RunError(f"{path}: damaged: it is written whole, but no manifest of a run; {LOST}")
    return body


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
        with reading(path):
            arrays = weight_files.load(path, expected)
        for digest, array in arrays.items():
            if fingerprint(array) != digest:
                raise WeightFileError(f"{path}: {digest} is damaged, its digest is wrong")
    except WeightFileError as error:
        error.add_note(LOST)
        raise
    return arrays


def _digest(body: Mapping[str, Any]) -> str:
    """A digest of the content, however it is laid out."""
    text = json.dumps(body, sort_keys=True).encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()
