"""How the arrays of a step are looked at closely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from nnscratch.core.tape import Call
from nnscratch.inspect.groups import group_of
from nnscratch.inspect.looks import Histogram, Seen
from nnscratch.inspect.series import WEIGHT
from nnscratch.inspect.units import distinct, rank, silent
from nnscratch.kernels.ops import Array, Ops

if TYPE_CHECKING:
    from nnscratch.core.step import Step
    from nnscratch.core.store import Arena

Seer = Callable[[Ops, Array], Seen]
"""How to look at an array."""


def see(k: Ops, x: Array) -> Seen:
    """Look at any array."""
    return Seen(Histogram.of(k, x))


def see_activation(k: Ops, y: Array, saturation: tuple[float, float] | None) -> Seen:
    """Look at the output of an activation that is flat outside of such a range."""
    facts = {"units": y.shape[-1], "never_fired": silent(y, saturation)}
    return Seen(Histogram.of(k, y), facts)


def see_kernel(k: Ops, kernel: Array) -> Seen:
    """Look at the value of a kernel."""
    facts = {"units": kernel.shape[-1], "rank": rank(kernel), "distinct": distinct(kernel)}
    return Seen(Histogram.of(k, kernel), facts)


def see_kernel_gradient(k: Ops, gradient: Array) -> Seen:
    """Look at the gradient of a kernel."""
    return Seen(Histogram.of(k, gradient), {"distinct_gradients": distinct(gradient)})


def arenas_of(step: Step) -> dict[str, Arena]:
    """The arenas of a step whose weights are recorded, by quantity."""
    return dict(zip(WEIGHT, (step.before, step.total_gradients, step.updates), strict=True))


def output_seer(call: Call) -> Seer:
    """How to look at a call's output."""
    if call.layer.role == "activation":
        return partial(see_activation, saturation=call.layer.saturation)
    return see


def weight_views(step: Step, paths: Iterable[str]) -> Iterator[tuple[str, str, Seer, Array]]:
    """Some weights: path, quantity, how to look at it, and the array."""
    kernels = {"value": see_kernel, "gradient": see_kernel_gradient}
    for path in paths:
        seers = kernels if group_of(step, path) == "kernels" else {}
        for what, arena in arenas_of(step).items():
            yield path, what, seers.get(what, see), arena[path]
