"""The doctor on programs of others, failing and repaired: is it right, and is it quiet?

Each is trained as its file says, alone and under the doctor's eyes, and scored.

FOLDER has programs in cases/*.json and controls/*.json, and their data in data.py. THAT FILE IS
CODE, AND IT IS RUN: only name a folder that you trust. A case has a twin that should fail, by a
rule of its own, and one that should learn; a control should learn.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks.doctor import data
from benchmarks.doctor.jobs import outcomes
from benchmarks.doctor.row import HEADING, line
from benchmarks.doctor.tally import causes, closing, summary, table
from benchmarks.options import positive
from benchmarks.report import BenchmarkError, Body, screen


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with data.py, which is run")
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="programs at a time (default: 1)"
    )
    parser.add_argument(
        "--only", default="*", metavar="PATTERN", help='ids, such as "SO-4*" (default: all)'
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="added to each program's own"
    )
    parser.add_argument(
        "--budget",
        type=share,
        default=0.0,
        metavar="X",
        help="try fixes, for X times as long as the training took (default: 0)",
    )


def share(text: str) -> float:
    """A number from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, got {text!r}")
    return value


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


def run(arguments: argparse.Namespace) -> Body:
    """Train all programs, print the table, and return it."""
    folder, seed = arguments.folder, arguments.seed
    files = programs(folder, arguments.only)
    rows = []
    with screen(len(files)) as out:
        out.print(f"running {folder / 'data.py'}, which is the folder's own code")
        data.code(folder.resolve())
        out.print(HEADING)
        for row in outcomes(folder, files, seed, arguments.jobs, arguments.budget):
            out.print(line(row))
            out.begin(row.id)
            out.end()
            rows.append(row)
        out.print(f"\n{table(rows)}\n\n{closing(rows)}")
    return {
        "folder": folder.name,
        "seed": seed,
        "budget": arguments.budget,
        "machine": {"jobs": arguments.jobs, "threads": 1},
        "rows": [row.as_json() for row in rows],
        "causes": causes(rows),
        "summary": summary(rows),
    }


def programs(folder: Path, pattern: str) -> Sequence[Path]:
    """The files of the programs whose id matches, cases before controls.

    Raises:
        BenchmarkError: there are none.
    """
    found = [
        file for kind in ("cases", "controls") for file in sorted((folder / kind).glob("*.json"))
    ]
    chosen = [file for file in found if fnmatchcase(file.stem, pattern)]
    if not chosen:
        raise BenchmarkError(
            f"{folder}: expected programs in cases/*.json or controls/*.json whose id matches "
            f"{pattern!r}, found none among {len(found)}"
        )
    return chosen
