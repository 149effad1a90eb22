"""Options that several benchmarks have."""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

from benchmarks import place as places
from benchmarks.place import Place
from benchmarks.report import BenchmarkError
from nnscratch.backend import PRECISIONS, with_precision
from nnscratch.kernels.numba import parallel


def backend(parser: argparse.ArgumentParser) -> None:
    """Whose kernels."""
    parser.add_argument("--backend", default="numba", choices=("numba", "numpy"))


def place(parser: argparse.ArgumentParser) -> None:
    """On the processor or on a GPU, and how that multiplies."""
    parser.add_argument("--backend", default="numba", choices=("numba", "cupy"))
    parser.add_argument(
        "--precision",
        default="float32",
        choices=PRECISIONS,
        help="tf32: of a GPU's tensor cores; PyTorch's products have the same (default: float32)",
    )


def against(parser: argparse.ArgumentParser) -> None:
    """What to compare with."""
    parser.add_argument("--against", choices=("torch",), help="compare with it, by turns")


def threads(parser: argparse.ArgumentParser) -> None:
    """On how many threads, for us and whom we are compared with."""
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="default: NNSCRATCH_THREADS, or the cores"
    )


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def set_threads(arguments: argparse.Namespace) -> int:
    """Give our kernels as many threads as was said; how many they have."""
    if arguments.threads is not None:
        parallel.set_threads(arguments.threads)
    return parallel.threads()


def placed(arguments: argparse.Namespace) -> Place:
    """Where is to be measured.

    Raises:
        BackendError: there is no GPU here, or it has no such precision.
    """
    set_threads(arguments)
    return places.place(with_precision(arguments.backend, arguments.precision))


def torch_on(arguments: argparse.Namespace, on: Place) -> ModuleType | None:
    """PyTorch as that place has it, if it is to be compared with.

    Raises:
        BenchmarkError: it is not installed, or not for that place.
    """
    if arguments.against is None:
        return None
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise BenchmarkError(
            f"--against torch: PyTorch cannot be imported ({error}); "
            "pip install 'nnscratch[parity]', or leave the option out"
        ) from error
    on.ready(torch)
    return torch
