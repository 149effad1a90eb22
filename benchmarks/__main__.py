"""The benchmarks: `python -m benchmarks NAME ...`; with --help after the name, its options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    bandwidth,
    batch,
    conv,
    doctor,
    inspection,
    ladder,
    memory,
    overhead,
    start,
    step,
)
from benchmarks.report import BenchmarkError, reserve, write
from nnscratch.cli import INTERRUPTED
from nnscratch.core.errors import NNError

BENCHMARKS = {
    "conv": conv,
    "step": step,
    "ladder": ladder,
    "start": start,
    "memory": memory,
    "bandwidth": bandwidth,
    "batch": batch,
    "overhead": overhead,
    "inspection": inspection,
    "doctor": doctor,
}
"""Each has `configure(parser)`, which adds its own options, and `run(arguments)`."""


def parser() -> argparse.ArgumentParser:
    """All benchmarks and their options."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="NAME", dest="name")
    for name, benchmark in BENCHMARKS.items():
        first = (benchmark.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=first, description=benchmark.__doc__)
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        benchmark.configure(command)
        command.add_argument(
            "--json", type=Path, metavar="FILE", help="write the numbers, and the machine, here"
        )
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a benchmark.

    Returns:
        The exit status: 0; 1 where a result was wrong; 2 for what cannot be measured, told in one
        line on stderr; 130 after Ctrl-C.
    """
    arguments = parser().parse_args(argv)
    try:
        if arguments.json is not None:
            reserve(arguments.json)
        body = BENCHMARKS[arguments.name].run(arguments)
        if arguments.json is not None:
            write(arguments.json, body, getattr(arguments, "against", None))
            print(f"Wrote {arguments.json}")
    except (BenchmarkError, NNError, OSError) as error:
        print(f"benchmarks {arguments.name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"benchmarks {arguments.name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return int(any(row.get("status") == "FAILED" for row in body.get("rows", ())))


if __name__ == "__main__":
    sys.exit(main())
