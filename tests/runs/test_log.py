"""The log: what is written is read again, and what was done to it is found out."""

from __future__ import annotations

import errno
import json
import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.runs.log import Log, Mark, read

ENTRIES = [
    {"run": "a"},
    {"step": 0, "loss": 0.1 + 0.2, "metrics": {"accuracy": 1 / 3}},
    {"step": 1, "loss": 1e-300, "metrics": {"accuracy": 0.0}},
    {"epoch": 0, "logs": {"loss": 0.5}},
]


def write(path, entries, mark=Mark()):  # noqa: B008 (it is immutable)
    log = Log(path, mark)
    marks = [mark]
    for entry in entries:
        log.append(entry)
        marks.append(log.mark)
    log.close()
    return marks


def entries_in(path, reached=Mark()):  # noqa: B008
    return [entry for entry, _ in read(path, reached)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


floats = st.floats(allow_nan=False)
entries = st.dictionaries(st.text(), floats | st.integers() | st.text() | st.lists(floats))


@settings(max_examples=50)
@given(written=st.lists(entries, max_size=4))
def test_comes_back_to_the_bit(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("log") / "log"
    marks = write(path, written)
    assert entries_in(path, marks[-1]) == written
    assert [mark for _, mark in read(path, marks[0])] == marks[1:]
    assert marks[-1].size == path.stat().st_size


def test_lines_are_json(path):
    write(path, ENTRIES)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{k: v for k, v in line.items() if k != "crc32"} for line in lines] == ENTRIES


def test_nan_and_what_callbacks_add_to_logs(path):
    import numpy as np

    logs = {"nan": math.nan, "inf": math.inf, "scalar": np.float32(0.5), "array": np.arange(2)}
    write(path, [{"logs": logs | {"thing": nn.SGD}}])
    ((entry, _),) = read(path, Mark())
    found = entry["logs"]
    assert math.isnan(found.pop("nan"))
    assert found == {"inf": math.inf, "scalar": 0.5, "array": [0, 1], "thing": repr(nn.SGD)}


def test_goes_on_behind_a_mark(path):
    marks = write(path, ENTRIES)
    write(path, [{"step": 7}], marks[2])
    assert entries_in(path) == [*ENTRIES[:2], {"step": 7}]


def test_torn_last_line_is_dropped_wherever_it_was_torn(path):
    marks = write(path, ENTRIES)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert entries_in(path) == ENTRIES[: sum(mark.size <= size for mark in marks[1:])]


def test_log_that_ends_too_early_is_refused(path):
    marks = write(path, ENTRIES)
    path.write_bytes(path.read_bytes()[:-1])
    assert entries_in(path, marks[3]) == ENTRIES[:3]
    with pytest.raises(nn.RunError, match=rf"{marks[3].size} good bytes.*\({marks[4].size}\)"):
        entries_in(path, marks[4])


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", ["flip", "remove", "double", "swap", "empty"])
def test_damaged_line_is_named(path, number, damage):
    write(path, ENTRIES)
    lines = path.read_bytes().splitlines(keepends=True)
    here = number - 1
    if damage == "flip":
        lines[here] = lines[here].replace(b":", b";", 1)
    elif damage == "remove":
        del lines[here]
    elif damage == "double":
        lines.insert(number, lines[here])
    elif damage == "swap":
        lines[here : here + 2] = lines[here + 1], lines[here]
    else:
        lines[here] = b"\n"
    path.write_bytes(b"".join(lines))
    named = number + 1 if damage == "double" else number
    with pytest.raises(nn.RunError, match=f"line {named} is damaged, or one before it is missing"):
        entries_in(path)


def test_log_of_another_training_is_refused(path):
    marks = write(path, ENTRIES)
    path.unlink()
    write(path, [{**entry, "other": True} for entry in ENTRIES])
    with pytest.raises(nn.RunError, match="damaged or replaced"):
        entries_in(path, marks[2])


def test_missing_log(path):
    with pytest.raises(nn.RunError, match=r"log\.jsonl: is missing"):
        entries_in(path)


class Full:
    """A file on a disk that takes only so many bytes more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self.file.write(data[: self.room])
        self.room -= written
        return written

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize("room", [0, 1, 20])
def test_full_disk_leaves_the_log_as_it_was(path, room):
    log = Log(path, Mark())
    log.append(ENTRIES[0])
    log._file = Full(log._file, room)
    with pytest.raises(OSError, match="No space left"):
        log.append(ENTRIES[1])
    log._file.room = 10**6
    log.append(ENTRIES[2])
    log.close()
    assert entries_in(path, log.mark) == [ENTRIES[0], ENTRIES[2]]


def test_only_one_writes(path):
    log = Log(path, Mark())
    log.append(ENTRIES[0])
    with pytest.raises(nn.RunError, match="another fit of this one, records here; let it end"):
        Log(path, Mark())
    assert entries_in(path) == ENTRIES[:1]
    log.close()
    Log(path, Mark()).close()
