"""The command line of nnscratch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from nnscratch import __version__
from nnscratch.backend import DEFAULT, NAMES
from nnscratch.core.errors import NNError

LAST_PORT = 65535
INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: its words; None takes the program's own.

    Returns:
        The exit status: 0; 1 where a claim or a check fails, or a doctor finds what is likely or
        certain; 2 for an error, told in one line on stderr; 130 after Ctrl-C.
    """
    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except (NNError, OSError) as error:
        print(f"nnscratch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nnscratch: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


SCALE = ("--scale",)
SCALES: Mapping[str, Any] = {
    "choices": ("small", "full"),
    "default": "small",
    "help": "default: small",
}


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="nnscratch", description=__doc__)
    top.add_argument("--version", action="version", version=f"nnscratch {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    backend = argparse.ArgumentParser(add_help=False)
    backend.add_argument(
        "--backend", default=DEFAULT, metavar="B", help=f"{', '.join(NAMES)} (default: {DEFAULT})"
    )

    command = commands.add_parser("studies", help="list the studies")
    command.set_defaults(run=list_studies)

    command = commands.add_parser(
        "study", parents=[backend], help="run a study, check its claims, write a report"
    )
    command.add_argument("name", metavar="NAME", help="see `nnscratch studies`")
    command.add_argument(
        "--seed",
        type=seed,
        nargs="+",
        default=[0],
        metavar="S",
        help="default: 0; of several each gets a folder of its own, and claims must hold for all",
    )
    command.add_argument(*SCALE, **SCALES)
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="where the files go (default: results/NAME)"
    )
    command.add_argument(
        "--pages",
        action="store_true",
        help="write a page of every variant's training too, see `nnscratch report`",
    )
    command.set_defaults(run=run_study)

    command = commands.add_parser(
        "doctor", parents=[backend], help="name what ails a study's network, and show its evidence"
    )
    command.add_argument("--example", metavar="NAME", help="a study, see `nnscratch studies`")
    command.add_argument(
        "--variant", metavar="V", help="one of its variants (default: the asker's network)"
    )
    command.add_argument("--seed", type=seed, default=0, metavar="S", help="default: 0")
    command.add_argument(*SCALE, **SCALES)
    command.add_argument(
        "--budget",
        type=float,
        metavar="SECONDS",
        help="that trying the fixes may take (default: as long as the training took; 0: none)",
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write the cards as a page")
    command.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the page of the training, with the findings marked",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    command.set_defaults(run=diagnose)

    command = commands.add_parser(
        "report", help="write a page that shows a recorded run: its course, its network, every call"
    )
    command.add_argument("folder", type=Path, metavar="RUN_FOLDER", help="of an nn.Run")
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="default: report.html in the run's folder"
    )
    command.add_argument(
        "--diagnose",
        action="store_true",
        help="train again under a doctor's eyes, and mark the findings; takes as long as training",
    )
    command.set_defaults(run=write_report)

    command = commands.add_parser(
        "watch", help="serve the page of a run while it is trained, to this machine alone"
    )
    command.add_argument("folder", type=Path, metavar="RUN_FOLDER", help="of an nn.Run")
    command.add_argument("--port", type=port, default=0, metavar="N", help="default: a free one")
    command.set_defaults(run=watch)

    command = commands.add_parser(
        "tune", parents=[backend], help="measure what convolutions choose their algorithms by"
    )
    command.set_defaults(run=tune)

    command = commands.add_parser(
        "gradcheck", parents=[backend], help="check gradients against differences"
    )
    command.add_argument("layers", nargs="*", metavar="LAYER", help="Conv2D ... (default: all)")
    command.set_defaults(run=check_gradients)
    return top


def seed(text: str) -> int:
    """A seed, as an argument."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got {text!r}")
    return int(text)


def port(text: str) -> int:
    """A port, as an argument; 0 is any."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to {LAST_PORT}, got {text!r}")
    return int(text)


def tune(arguments: argparse.Namespace) -> int:
    """Measure the costs of the algorithms on this machine, and keep them for later processes."""
    from nnscratch import kernels
    from nnscratch.backend import get_backend

    get_backend(arguments.backend)
    try:
        path, before, after = kernels.tune(arguments.backend)
    except LookupError as error:
        raise NNError(str(error)) from error
    print("nanoseconds on one thread, until now and as measured\n")
    for name, value in after.items():
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        for part, number in pairs:
            was = before[name][part] if part else before[name]
            print(f"{name:<10} {part:<10} {was:>10.3g} {number:>10.3g}")
    print(f"\nWrote {path}; delete it to go back.")
    return 0


def list_studies(arguments: argparse.Namespace) -> int:
    """Print every study's name and title."""
    from nnscratch.studies import registry

    width = max(map(len, registry.names())) + 2
    for name in registry.names():
        print(f"{name:<{width}}{registry.get(name).title}")
    return 0


def run_study(arguments: argparse.Namespace) -> int:
    """Run a study for each seed; its files are written when all of them are through.

    At full size what is measured is kept, until then, in a folder beside them: a study that was
    interrupted goes on where it was, unless pages are written.
    """
    from rich.console import Console

    from nnscratch.studies import progress, registry, runner, terminal, unfinished
    from nnscratch.studies.study import Setting

    study = registry.get(arguments.name)
    console = Console()
    out = arguments.out or Path("results", study.name)
    seeds = arguments.seed
    folders = {seed: out / f"seed-{seed}" if len(seeds) > 1 else out for seed in seeds}
    keeps = arguments.scale == "full" and not arguments.pages
    kept = {seed: folder / "unfinished" if keeps else None for seed, folder in folders.items()}
    with progress.shown(console, study.name, len(study.variants) * len(seeds)) as bar:
        runs = [
            runner.run(
                study,
                Setting(arguments.backend, seed, arguments.scale),
                bar,
                kept[seed],
                folders[seed] if arguments.pages else None,
            )
            for seed in seeds
        ]
    terminal.show(console, runs)
    for findings in runs:
        seed = findings.setting.seed
        terminal.show_files(console, runner.write(findings, folders[seed]))
        unfinished.remove(kept[seed])
    return 0 if all(findings.hold for findings in runs) else 1


def diagnose(arguments: argparse.Namespace) -> int:
    """Train a variant of a study under a doctor's eyes, and print what the doctor says."""
    from rich.console import Console

    from nnscratch.studies import examination, pages, progress, registry
    from nnscratch.studies.study import Setting

    if arguments.example is None:
        raise NNError(f"doctor: which --example? One of {', '.join(registry.names())}")
    study, console = registry.get(arguments.example), Console()
    variant = study.variant(arguments.variant)
    setting = Setting(arguments.backend, arguments.seed, arguments.scale)
    listening = nullcontext() if arguments.report is None else pages.witnesses(study, variant)
    with listening as seen:
        with progress.shown(console, study.name, 1) as bar:
            diagnosis = examination.examine(variant, setting, bar, arguments.budget, seen or ())
        examination.show(console, study, variant, diagnosis)
        if seen is not None and seen.write(arguments.report, diagnosis):
            console.print(f"\nWrote {arguments.report}", highlight=False, soft_wrap=True)
    files = {arguments.html: diagnosis.to_html, arguments.json: diagnosis.to_json}
    examination.write(console, {path: made() for path, made in files.items() if path is not None})
    if diagnosis.outcome.interrupted:
        raise KeyboardInterrupt
    return 0 if diagnosis.healthy else 1


def write_report(arguments: argparse.Namespace) -> int:
    """Write the page of a run."""
    from nnscratch import Doctor, Run, report

    run, diagnosis = Run.open(arguments.folder), None
    if arguments.diagnose:
        doctor = Doctor()
        run.fork(run.steps[0] if run.steps else 0, callbacks=[doctor])
        diagnosis = doctor.diagnosis
    path = report(run, arguments.out, diagnosis=diagnosis)
    print(f"Wrote {path}, {path.stat().st_size / 1e6:.1f} MB: open it in a browser.")
    return 0


def watch(arguments: argparse.Namespace) -> int:
    """Serve the page of a run until Ctrl-C."""
    from nnscratch.viewer.server import Server, Watch

    with Server(Watch(arguments.folder), arguments.port) as server:
        print(f"Watching {arguments.folder} at {server.url}; Ctrl-C ends it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def check_gradients(arguments: argparse.Namespace) -> int:
    """Print the table of the layers' gradients."""
    from nnscratch.testing import table

    return table.run(arguments.layers, arguments.backend)
