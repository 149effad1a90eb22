"""What a Step says of itself: its table, and the story of one parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.core.table import Table
from nnscratch.core.tape import Call, labels
from nnscratch.kernels.ops import Array

if TYPE_CHECKING:
    from nnscratch.core.step import Step

HEADINGS = ("call", "mean", "std", "zeros", "|dL/dy|", "weight", "|g|", "|dw|/|w|")
LEGEND = (
    "mean, std, zeros: of a call's output; |dL/dy|: norm of the loss's gradient by it",
    "|g|: norm of a weight's gradient; |dw|/|w|: its change against its value",
)


SAFE = 1e-150
"""The square of a number between this and its inverse is a normal float64."""


def norm(array: Array) -> float:
    """The Euclidean norm, in float64: 0 only where every entry is exactly 0."""
    with np.errstate(over="ignore", under="ignore"):
        length = float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))
    if SAFE < length < 1 / SAFE or not array.size:
        return length
    largest = float(np.max(np.abs(array)))  # the squares of what is far from 1 leave float64
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum(np.square(array / np.float64(largest)))))


def number(value: float) -> str:
    """Three digits, two beside an exponent; 0 only where the value is exactly 0."""
    text = f"{value:.3g}" if value else "0"
    return f"{value:.2g}" if "e" in text else text


def ratio(step: Step, path: str) -> str:
    """Norm of a parameter's change against the norm of its value."""
    change, value = norm(step.applied(path)), norm(step.before[path])
    if value == 0:
        return "0" if change == 0 else "from 0"
    return number(change / value)


def headline(step: Step) -> str:
    """Index, loss and metrics in one line."""
    parts = [f"step {step.index}", f"{len(step.batch)} rows", f"loss {step.loss:.6g}"]
    if step.penalty:
        parts.append(f"of it penalty {step.penalty:.3g}")
    parts += [f"{name} {value:.4g}" for name, value in step.metrics.items()]
    return " · ".join(parts)


def rows(step: Step) -> Iterator[tuple[str, ...]]:
    """The cells of the table: a row per call, and one more per further weight of its layer.

    A layer's weights stand with its last call: their gradient is the sum over all of its calls.
    """
    names = labels(step.calls)
    last = {call.path: call.key for call in step.calls.values()}
    for call in step.calls.values():
        weights = [p for p in step.before if p.rpartition("/")[0] == call.path]
        shown = weights if last[call.path] == call.key else []
        cells = [weight_cells(step, path) for path in shown] or [("", "", "")]
        yield (names[call.key], *call_cells(call), *cells[0])
        for more in cells[1:]:
            yield ("", "", "", "", "", *more)


def call_cells(call: Call) -> tuple[str, ...]:
    """Statistics of the output and norm of its gradient."""
    y = call.output
    zeros = f"{100 * float(np.mean(y == 0)):.0f}%"
    mean, std = float(np.mean(y, dtype=np.float64)), float(np.std(y, dtype=np.float64))
    return number(mean), number(std), zeros, number(norm(call.output_gradient))


def weight_cells(step: Step, path: str) -> tuple[str, ...]:
    """Name, gradient norm and relative change of one weight."""
    return path.rpartition("/")[2], number(norm(step.gradient(path))), ratio(step, path)


def table(step: Step) -> Table:
    """The step as a table."""
    return Table(headline(step), HEADINGS, list(rows(step)), LEGEND, words=(0, 5))


def parameter(step: Step, path: str) -> str:
    """How one parameter came to change, line by line."""
    value = step.before[path]
    lines = [f"{path} {value.shape} {value.dtype}, step {step.index}"]
    for label, array in account(step, path):
        if len(label) >= 36:
            lines.append(f"  {label}")
            label = ""
        lines.append(f"  {label:<36}{summary(array)}")
    lines.append(f"  {'change against value':<36}{ratio(step, path)}")
    lines += [f"  {remark}" for remark in remarks(step, path)]
    return "\n".join(lines)


def account(step: Step, path: str) -> Iterator[tuple[str, Any]]:
    """The stations of an update, in the order in which they happen."""
    yield "before", step.before[path]
    yield "gradient of the data loss", step.data_gradients[path]
    shares = step.shares(path)
    if len(shares) > 1:
        for key, share in shares.items():
            yield f"  share of {key}", share
    if np.any(step.penalty_gradients[path]):
        yield "gradient of the penalty", step.penalty_gradients[path]
    if not np.array_equal(step.gradients[path], step.gradient(path), equal_nan=True):
        yield "gradient after clipping", step.gradients[path]
    yield "update asked for", step.updates[path]
    yield "applied (after - before)", step.applied(path)
    yield "after", step.after[path]
    for name, slot in step.slots_after.items():
        yield f"optimizer's {name}", slot[path]


def summary(array: Array) -> str:
    """Norm, range and share of exact zeros."""
    low, high = number(float(np.min(array))), number(float(np.max(array)))
    zeros = float(np.mean(array == 0))
    text = f"norm {number(norm(array)):<10} {low} .. {high}"
    return text + (f"  ({100 * zeros:.0f}% exactly 0)" if zeros else "")


def remarks(step: Step, path: str) -> Iterator[str]:
    """What the numbers alone already prove."""
    shares = list(step.shares(path).values())
    if not np.any(step.gradient(path)):
        yield "every entry of the gradient is exactly 0: this step cannot teach it anything"
    elif len(shares) > 1:
        kept = norm(step.data_gradients[path]) / sum(norm(share) for share in shares)
        yield f"the calls' shares add up to {100 * kept:.0f}% of their norms (100%: they agree)"
    lost = (step.updates[path] != 0) & (step.applied(path) == 0)
    if np.any(lost):
        yield f"{int(np.sum(lost))} entries were asked to change by less than rounding allows"
