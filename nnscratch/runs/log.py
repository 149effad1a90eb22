"""The log of a run: JSON lines, each with a checksum of itself and of all before it.

    {"step": 0, "epoch": 0, "loss": 2.302585, "metrics": {"accuracy": 0.125}, "crc32": 1234567}

So a line that was damaged, left out or put elsewhere is found, and named. Only behind the last one
may be a torn one, which has no end, where the process was killed while it wrote: it is dropped.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import LOST, reading

CHECKSUM = b', "crc32": '
BEGINNING = b'{"run": "'
"""Of the first line."""


class Mark(NamedTuple):
    """A place in a log: behind so many bytes, whose lines have this checksum."""

    size: int = 0
    crc32: int = 0


class Log:
    """A log that is written. Nobody else can write to it meanwhile.

    Attributes:
        mark: its end.

    Raises:
        RunError: another process writes to it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, mark: Mark):
        """Go on behind the mark; what stands there is cut off."""
        self.mark = mark
        self._file = path.open("ab", buffering=0)
        try:
            _lock(self._file.fileno(), path)
            self._file.truncate(mark.size)
        except BaseException:
            self._file.close()
            raise

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add a line. It is the system's from here on: the death of this process does not lose it.

        Raises:
            OSError: it cannot be written; the log stays as it was.
        """
        body = json.dumps(entry, default=_plain).encode()[:-1]
        crc32 = zlib.crc32(body, self.mark.crc32)
        line = body + CHECKSUM + b"%d}\n" % crc32
        try:
            written = 0
            while written < len(line):  # a disk that is all but full takes a part
                written += self._file.write(line[written:])
        except OSError:
            self._file.truncate(self.mark.size)
            raise
        self.mark = Mark(self.mark.size + len(line), crc32)

    def sync(self) -> Mark:
        """Let all lines reach the disk: a power cut does not lose them. Returns the end.

        Raises:
            OSError: they cannot; the file was removed meanwhile.
        """
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "was removed", self._file.name)
        os.fsync(self._file.fileno())
        return self.mark

    def close(self) -> None:
        """Let others write to it."""
        self._file.close()


def read(path: Path, reached: Mark) -> Iterator[tuple[dict[str, Any], Mark]]:
    """The entries of a log, each with the place behind it.

    Args:
        path: the file.
        reached: a place that was noted when the log was written; it must be there.

    Raises:
        RunError: there is no log, a line is damaged, or that place is not there.
    """
    with reading(path):
        *lines, _ = path.read_bytes().split(b"\n")  # a line without its end is torn
    mark = Mark()
    passed = mark == reached
    for number, line in enumerate(lines, start=1):
        body, _, tail = line.rpartition(CHECKSUM)
        crc32 = zlib.crc32(body, mark.crc32)
        if tail != b"%d}" % crc32:
            raise RunError(f"{path}: line {number} is damaged, or one before it is missing; {LOST}")
        mark = Mark(mark.size + len(line) + 1, crc32)
        passed = passed or mark == reached
        yield json.loads(body + b"}"), mark
    if not passed:
        raise RunError(
            f"{path}: has {mark.size} good bytes, which are not those that it had when the newest "
            f"checkpoint was taken ({reached.size}); it was cut off, damaged or replaced; {LOST}"
        )


def _plain(value: Any) -> Any:
    """What a callback may add to the logs beside Python's numbers."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def _lock(descriptor: int, path: Path) -> None:
    """Let this process be the only writer for as long as the file is open; where POSIX can."""
    if os.name != "posix":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(
            f"{path.parent}: another process, or another fit of this one, records here; let it "
            "end first, or choose another folder"
        ) from error
