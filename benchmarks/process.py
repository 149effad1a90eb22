"""What has to be measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import BenchmarkError

ROOT = Path(__file__).parents[1]


def number(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> float:
    """What a new Python process prints that is given these words.

    Raises:
        BenchmarkError: it failed.
    """
    run = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        last = run.stderr.strip().rpartition("\n")[2]
        raise BenchmarkError(f"a new process ended with status {run.returncode}: {last}")
    return float(run.stdout)
