"""What an interrupted study has measured so far, so that it goes on where it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nnscratch as nn
from nnscratch.studies.study import Measurements, Setting, Variant
from nnscratch.training.atomic import replacing

MEASURED = "measured.json"


def measure(variant: Variant, setting: Setting, folder: Path) -> Measurements:
    """Run a variant and keep what it measures; what is kept already is read instead.

    Args:
        variant: what to run; it finds the folder in its setting.
        setting: how.
        folder: the variant's own.

    Raises:
        NNError: the folder holds something else.
    """
    about = {
        "variant": variant.name,
        "change": variant.change,
        "backend": setting.backend,
        "seed": setting.seed,
        "scale": setting.scale,
        "nnscratch": nn.__version__,
    }
    file = folder / MEASURED
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        measured = variant.run(replace(setting, folder=folder))
        text = json.dumps({**about, "measured": measured}, default=lambda scalar: scalar.item())
        with replacing(file) as content:
            content.write(text.encode())
    return _read(file, about)


def remove(folder: Path | None) -> None:
    """The study is through: nothing has to be kept."""
    if folder is not None and folder.exists():
        shutil.rmtree(folder)


def _read(file: Path, about: Mapping[str, Any]) -> Measurements:
    """The measurements in a file, if they are those of this run."""
    again = f"remove the folder {file.parents[1]} to begin anew"
    try:
        kept = json.loads(file.read_bytes())
        measured: Measurements = kept.pop("measured")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise nn.NNError(f"{file}: damaged ({error!r}); {again}") from error
    if kept != about:
        found = ", ".join(f"{k} {kept.get(k)!r}" for k in about if kept.get(k) != about[k])
        wanted = ", ".join(f"{k} {about[k]!r}" for k in about if kept.get(k) != about[k])
        raise nn.NNError(f"{file}: belongs to another run, {found}, this one is {wanted}; {again}")
    return measured
