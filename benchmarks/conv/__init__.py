"""Convolutions: each algorithm for each layer and direction, checked first, then timed.

An algorithm is right where its largest error against float64 is at most 5e-5 of the largest output
(2e-3 in TF32). Then all of them take turns, with PyTorch in both of its layouts if wanted. Each row
ends PASSED, FAILED (wrong), SKIPPED (cannot do the shape, or there is not the memory) or MISTRUSTED
(its times, or the peaks before and after, are too far apart). "auto" is what a model takes if
exact=False.

With --backend cupy all of it is on a GPU, between the device's events, and a call finds nothing in
the caches. PyTorch has cuDNN in the same precision, and is compiled besides, as CUDA graphs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benchmarks.conv import plot, table
from benchmarks.conv.case import DIRECTIONS, Case
from benchmarks.conv.contest import Contest
from benchmarks.conv.kernels import KERNELS, NAMES, Kernels
from benchmarks.conv.layers import Layer, select
from benchmarks.conv.row import Row, summary
from benchmarks.gpu_peak import peak_on
from benchmarks.options import against, place, placed, threads, torch_on
from benchmarks.report import BenchmarkError, Body, screen
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
    parser.add_argument(
        "--directions",
        nargs="+",
        choices=tuple(DIRECTIONS),
        default=tuple(DIRECTIONS),
        metavar="D",
        help=f"some of {', '.join(DIRECTIONS)} (default: all)",
    )
    each = "; ".join(f"{name}: {', '.join(KERNELS[name].names)}" for name in KERNELS)
    parser.add_argument(
        "--algorithms",
        nargs="+",
        choices=NAMES,
        metavar="A",
        help=f"some of the backend's (default: all). {each}",
    )
    place(parser)
    against(parser)
    threads(parser)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw bars and a roofline here")


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the tables, draw if wanted, and return everything."""
    layers = select(arguments.shapes)
    if arguments.plot is not None:
        plot.check(arguments.plot)
    on = placed(arguments)
    kernels = KERNELS[on.backend]
    algorithms = chosen(arguments.algorithms, kernels)
    torch = torch_on(arguments, on)
    contest = Contest(algorithms, peak_on(on, torch), torch, on)
    bandwidth = contest.peak.gigabytes()
    rows = measure(contest, kernels, layers, arguments.directions)
    peak = contest.peak.highest
    told = "".join(f"{name} {fact}, " for name, fact in on.facts.items())
    print(f"\n{told}fastest matrix product {peak:.0f} GFLOP/s, copy {bandwidth:.0f} GB/s")
    if on.flushes:
        print(table.roof(rows, peak, bandwidth))
    if arguments.plot is not None:
        figure = plot.draw(rows, peak, bandwidth)
        figure.savefig(arguments.plot, dpi=canvas.DPI)
        print(f"Wrote {arguments.plot}")
    return {
        "machine": {**on.facts, "peak_gflops": peak, "copy_gb_per_s": bandwidth},
        "rows": [row.as_json() for row in rows],
        "summary": summary(rows),
    }


def chosen(asked: Sequence[str] | None, kernels: Kernels) -> Sequence[str]:
    """The algorithms that were asked for: all there are, if none was.

    Raises:
        BenchmarkError: the backend has no such algorithm.
    """
    for name in asked or ():
        if name not in kernels.names:
            raise BenchmarkError(
                f"--algorithms {name}: backend {kernels.backend!r} has {', '.join(kernels.names)}"
            )
    return asked or kernels.names


def measure(
    contest: Contest, kernels: Kernels, layers: Sequence[Layer], directions: Sequence[str]
) -> list[Row]:
    """All rows, each printed when it is there."""
    rows: list[Row] = []
    with screen(len(layers) * len(directions)) as out:
        out.print(f"{table.EXPLAINED}\n\n{table.line(table.HEADINGS)}")
        for layer, direction in product(layers, directions):
            out.begin(f"{layer.name} {direction}")
            new = contest.rows(Case(layer, direction, kernels))
            out.print(table.contest(new))
            out.end()
            rows += new
        out.print(table.closing(rows, summary(rows)))
    return rows
