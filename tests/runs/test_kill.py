"""A training that is killed at any moment, again and again, ends as one that never was."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnscratch.runs.archive import LOG
from nnscratch.runs.checkpoints import FILE
from tests.runs.killed import FILES

ROOT = Path(__file__).parent.parent.parent


def start(folder, *moment):
    """The script, in a process of its own; what it left, or None where it was killed."""
    command = [sys.executable, "-m", "tests.runs.killed", str(folder), *map(str, moment)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == -signal.SIGKILL:
        return None
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def steps_written(folder):
    """How many steps stand in the log."""
    log = folder / "run" / LOG
    return log.read_bytes().count(b'"step"') if log.exists() else 0


def newest_checkpoint(folder):
    """The step of the newest one."""
    files = (FILE.fullmatch(path.name) for path in (folder / "run").glob("checkpoints/*"))
    return max((int(name[1]) for name in files if name and not name[2]), default=0)


def is_torn(folder):
    """Whether a file was being written, or a line of the log."""
    log = folder / "run" / LOG
    return any(folder.rglob("*.tmp")) or (log.exists() and not log.read_bytes().endswith(b"\n"))


def kill_and_resume(folder, draw, most):
    """Kill the script wherever it is, until it comes through or was killed so often.

    Returns:
        How often it was killed, how often while it wrote, and how many steps were taken twice.
    """
    alone, killed = folder / "alone", folder / "killed"
    alone.mkdir(parents=True)
    killed.mkdir()
    expected = start(alone)
    kills, torn, twice, found = 0, 0, 0, None
    while kills < most and found is None:
        where = FILES[kills % len(FILES)]
        found = start(killed, draw.randint(1, expected["calls"][where] // 2), where)
        if found is None:
            kills += 1
            torn += is_torn(killed)
            twice += steps_written(killed) - newest_checkpoint(killed)
    found = found or start(killed)
    assert found["left"] == expected["left"]
    assert found["left"]["replayed"]
    return kills, torn, twice


@pytest.mark.process("other processes are killed")
def test_a_kill_in_each_file(tmp_path):
    kills, _, _ = kill_and_resume(tmp_path, random.Random(1), len(FILES))
    assert kills == len(FILES)


@pytest.mark.slow
@pytest.mark.process("other processes are killed")
def test_many_kills(tmp_path, capsys):
    draw = random.Random(1)
    found = [kill_and_resume(tmp_path / str(number), draw, 6) for number in range(6)]
    kills, torn, twice = (sum(column) for column in zip(*found, strict=True))
    assert kills > 20
    assert torn > 0
    with capsys.disabled():
        print(
            f"\n{kills} kills, {torn} of them while a file was written, in {len(found)} trainings "
            f"of 15 steps with a checkpoint every 4: {twice} steps were taken twice, and every "
            "training ended in the same bits"
        )
