"""The folder of a run."""

from __future__ import annotations

import os
from pathlib import Path

from nnscratch.core.arguments import ArgumentError, shown


def named(what: str, folder: object) -> Path:
    """The folder that somebody names.

    Raises:
        ArgumentError: it is no name, or an empty one, which would be the current folder.
    """
    name = os.fspath(folder) if isinstance(folder, str | os.PathLike) else None
    if not isinstance(name, str) or not name:
        raise ArgumentError(
            f"{what}: expected the name of a folder, such as 'runs/digits', got {shown(folder)}"
        )
    return Path(name)
