"""The folder of a run: its name, and what to do when it can be read or written no more."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnscratch.core.arguments import ArgumentError, shown
from nnscratch.runs.errors import RunError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when there is no room."""
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What it says when nobody may write there."""
LOST = "put a copy of it in its place, or record anew in another folder"
"""The way on without a file that there is only once."""


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


@contextmanager
def reading(path: Path, way_on: str = LOST) -> Iterator[None]:
    """Say what is to be done when a file of a run cannot be read.

    Raises:
        RunError: it cannot.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise RunError(f"{path}: is missing; {way_on}") from error
    except OSError as error:
        raise RunError(
            f"{path}: cannot be read ({error}); make it readable, or {way_on}"
        ) from error


@contextmanager
def writing(folder: Path, trained: bool) -> Iterator[None]:
    """Say what is to be done when a run cannot be written.

    Args:
        folder: of the run.
        trained: whether steps were taken and recorded.

    Raises:
        RunError: it cannot.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be written ({error}), {_consequence(folder, trained, error)}"
        ) from error


def _consequence(folder: Path, trained: bool, error: OSError) -> str:
    """What that means for the training, and how it can go on."""
    if not trained:
        return f"so nothing is trained; {_remedy(error)}, or choose another folder"
    if not folder.is_dir():
        return (
            "since the folder was moved or removed, and the training ends here. If it is "
            "elsewhere now, nn.Run.open(folder).resume() goes on from its newest checkpoint"
        )
    return (
        f"and the training ends here. What was recorded is whole: {_remedy(error)}, or copy it "
        "elsewhere, then nn.Run.open(folder).resume() goes on from there"
    )


def _remedy(error: OSError) -> str:
    if error.errno in FULL:
        return "make room"
    if error.errno in FORBIDDEN:
        return "let it be written to"
    return "see to that"
