"""What Python costs for each call of a layer, beside the kernels that the call is there for.

Chains of layers on a few numbers, where kernels have next to nothing to do: the time of a chain,
less that of the same kernels called with the same arrays by themselves, by the calls of the chain.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

import nnscratch as nn
from benchmarks import options
from benchmarks.report import Body, screen
from benchmarks.timing import Effort, Work, by_turns
from nnscratch import kernels
from nnscratch.core.table import Table
from nnscratch.kernels.ops import OPS

LAYERS: Mapping[str, Callable[[], nn.Layer]] = {
    "ReLU": nn.ReLU,
    "Conv2D": partial(nn.Conv2D, 2, 1),
    "BatchNormalization": nn.BatchNormalization,
    "MaxPooling2D": partial(nn.MaxPooling2D, 1),
    "Dropout": partial(nn.Dropout, 0.1),
}
IMAGES = (2, 2, 2, 2)
"""(N, H, W, C)."""
DEPTH = 20
"""Layers of a chain."""
EFFORT = Effort(rounds=10, turn=0.05, warm=0.02)

Called = list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.threads(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it."""
    number = options.set_threads(arguments)
    with screen(len(LAYERS)) as out:
        rows = []
        for name in LAYERS:
            out.begin(name)
            rows.append(measure(name, EFFORT))
            out.end()
    print(table(rows))
    worst = max(max(row["forward_us"], row["step_us"] / 2) for row in rows)
    return {"machine": {"threads": number}, "rows": rows, "summary": {"worst_call_us": worst}}


def measure(name: str, effort: Effort) -> dict[str, Any]:
    """Microseconds for each call: of its forward pass, and of a training step, which has both."""
    model = nn.Sequential([nn.Input(IMAGES[1:]), *(LAYERS[name]() for _ in range(DEPTH))], seed=0)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).random(IMAGES, np.float32)
    passes: dict[str, Work] = {
        "forward_us": lambda: model.predict(x, verbose=0),
        "step_us": lambda: model.train_step(x, x),
    }
    own: dict[str, Work] = {}
    for key, work in passes.items():
        work()  # compiles what is not compiled yet
        own[f"{key} kernels"] = partial(call_again, calls_of(work))
    times = by_turns({**passes, **own}, effort)
    spent = {
        key: 1e6 * (times[key].median - times[f"{key} kernels"].median) / DEPTH for key in passes
    }
    return {"layer": name, **spent}


def calls_of(work: Work) -> Called:
    """The kernels that something calls, and what it gives them."""
    called: Called = []
    with recording(called):
        work()
    return called


def call_again(called: Called) -> None:
    """The same kernels, one after another."""
    for function, arguments, named in called:
        function(*arguments, **named)


@contextmanager
def recording(called: Called) -> Iterator[None]:
    """Write down each call of a kernel."""
    kept = vars(kernels.resolve("numba"))
    before = {op: kept[op] for op in OPS}

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def note(*arguments: Any, **named: Any) -> Any:
            called.append((function, arguments, named))
            return function(*arguments, **named)

        return note

    kept.update({op: noting(function) for op, function in before.items()})
    try:
        yield
    finally:
        kept.update(before)


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each kind of layer."""
    return Table(
        "Python for each call of a layer",
        ("layer", "forward, us", "forward and backward, us"),
        [(row["layer"], f"{row['forward_us']:.1f}", f"{row['step_us']:.1f}") for row in rows],
        notes=(
            f"Chains of {DEPTH} layers, less the same kernels by themselves; what there is once",
            "for a batch is shared by them.",
        ),
    )
