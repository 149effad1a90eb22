"""Convolutions: each algorithm for each layer and direction, checked first, then timed.

An algorithm is right where its largest error against float64 is at most 5e-5 of the largest output.
Then all of them take turns, with PyTorch in both of its layouts if wanted. Each row ends PASSED,
FAILED (wrong), SKIPPED (cannot do the shape, or there is not the memory) or MISTRUSTED (its times,
or the peaks before and after, are too far apart). "auto" is what a model takes if exact=False.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benchmarks.conv import plot, table
from benchmarks.conv.case import DIRECTIONS, NAMES, Case
from benchmarks.conv.contest import Contest
from benchmarks.conv.layers import Layer, select
from benchmarks.conv.peak import Peak
from benchmarks.conv.row import Row, summary
from benchmarks.options import against, set_threads, threads, torch_on
from benchmarks.report import Body, screen
from nnscratch.plots import canvas


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--shapes",
        default="default",
        metavar="S",
        help="default: the studies' networks and 22 published layers; all; or a FILE.csv with the "
        "columns that benchmarks/conv/layers.py lists (default: default)",
    )
    for name, choices in (("directions", tuple(DIRECTIONS)), ("algorithms", NAMES)):
        parser.add_argument(
            f"--{name}",
            nargs="+",
            choices=choices,
            default=choices,
            metavar=name[0].upper(),
            help=f"some of {', '.join(choices)} (default: all)",
        )
    against(parser)
    threads(parser)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw bars and a roofline here")


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the tables, draw if wanted, and return everything."""
    layers = select(arguments.shapes)
    if arguments.plot is not None:
        plot.check(arguments.plot)
    number = set_threads(arguments)
    contest = Contest(arguments.algorithms, Peak(), torch_on(arguments, number))
    bandwidth = contest.peak.gigabytes()
    rows = measure(contest, layers, arguments.directions)
    peak = contest.peak.highest
    print(
        f"\nthreads {number}, fastest matrix product {peak:.0f} GFLOP/s, copy {bandwidth:.0f} GB/s"
    )
    if arguments.plot is not None:
        figure = plot.draw(rows, peak, bandwidth)
        figure.savefig(arguments.plot, dpi=canvas.DPI)
        print(f"Wrote {arguments.plot}")
    return {
        "machine": {"threads": number, "peak_gflops": peak, "copy_gb_per_s": bandwidth},
        "rows": [row.as_json() for row in rows],
        "summary": summary(rows),
    }


def measure(contest: Contest, layers: Sequence[Layer], directions: Sequence[str]) -> list[Row]:
    """All rows, each printed when it is there."""
    rows: list[Row] = []
    with screen(len(layers) * len(directions)) as out:
        out.print(f"{table.EXPLAINED}\n\n{table.line(table.HEADINGS)}")
        for layer, direction in product(layers, directions):
            out.begin(f"{layer.name} {direction}")
            new = contest.rows(Case(layer, direction))
            out.print(table.contest(new))
            out.end()
            rows += new
        out.print(table.closing(rows, summary(rows)))
    return rows
