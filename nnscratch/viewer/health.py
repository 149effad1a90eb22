"""The health of each call, step by step, by what a recorder saw of it.

These are remarks on numbers, not a diagnosis: a doctor asks further (`nn.diagnose`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from nnscratch.core.graph import Graph, Node
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import CallTrack, WeightTrack
from nnscratch.kernels.ops import Array
from nnscratch.viewer.packing import packed

UNKNOWN, WELL, DOUBTFUL, ILL = range(4)
FLAT, NEARLY = 0.999, 0.9
"""The share of an activation's entries that is saturated, of one that is lost and nearly lost."""
FAST, SLOW = 0.1, 1e-6
"""The norm of a kernel's update against its value, of one that jumps and one that stands."""


class Subject(NamedTuple):
    """A call, as it was recorded."""

    call: CallTrack
    kernels: Sequence[WeightTrack]
    """Of its layer."""
    answers: bool
    """Whether it is an output of the network: it may saturate, as sure answers do."""

    def is_broken(self) -> Array:
        """Something is no number, bool (steps,)."""
        weights = ((own.value, own.gradient, own.update) for own in self.kernels)
        series = [self.call.output, self.call.output_gradient, *chain.from_iterable(weights)]
        return any_of([(own.nan > 0) | (own.inf > 0) for own in series])

    def is_cut_off(self) -> Array:
        """The gradient is exactly 0."""
        return any_of([self.call.output_gradient.largest == 0])

    def is_flat(self, share: float) -> Array:
        """So much of the output is saturated."""
        return any_of([] if self.answers else [self.call.output.saturated >= share])

    def rests(self) -> Array:
        """The update of a kernel is exactly 0."""
        return any_of([own.update.largest == 0 for own in self.kernels])

    def jumps(self) -> Array:
        """The update of a kernel is large."""
        return any_of([own.ratio > FAST for own in self.kernels])

    def stands(self) -> Array:
        """The update of a kernel is small."""
        return any_of([own.ratio < SLOW for own in self.kernels])


class Sign(NamedTuple):
    """Something that may be wrong with a call in a step."""

    level: int
    text: str
    shows: Callable[[Subject], Array]


def any_of(masks: Sequence[Array]) -> Array:
    """Where one of some masks holds; nowhere, if there are none."""
    return np.any(masks, axis=0) if masks else np.zeros((), bool)


SIGNS = (
    Sign(ILL, "has NaN or infinite entries", Subject.is_broken),
    Sign(ILL, "no gradient comes here: all of it is exactly 0", Subject.is_cut_off),
    Sign(ILL, f"saturated in {FLAT:.1%} or more of its entries", lambda own: own.is_flat(FLAT)),
    Sign(ILL, "a kernel rests: its update is exactly 0", Subject.rests),
    Sign(DOUBTFUL, f"saturated in {NEARLY:.0%} of its entries", lambda own: own.is_flat(NEARLY)),
    Sign(DOUBTFUL, f"a kernel jumps: its update is over {FAST:g} of it", Subject.jumps),
    Sign(DOUBTFUL, f"a kernel hardly moves: under {SLOW:g} of it", Subject.stands),
)
"""The worst first; of several the first one is told."""


KNOWN = ((UNKNOWN, "not recorded"), (WELL, "nothing to see"))
"""What is said where there is no sign."""


def health(recorder: Recorder, graph: Graph, places: Array) -> dict[str, Any]:
    """What is said of calls, and by call the number of that, uint8 (steps,).

    Args:
        recorder: what was seen.
        graph: the network.
        places: of the steps in the recording.
    """
    said = [*KNOWN, *((sign.level, sign.text) for sign in SIGNS)]
    calls = {
        key: packed(signs_of(subject(recorder, graph, node))[places])
        for node, key in graph.keys.items()
        if key in recorder.calls
    }
    return {"signs": [{"level": level, "text": text} for level, text in said], "calls": calls}


def subject(recorder: Recorder, graph: Graph, node: Node) -> Subject:
    """A call with the kernels of its layer."""
    paths = (f"{graph.paths[node.layer]}/{name}" for name in node.spec.params)
    kernels = [recorder[path] for path in paths if recorder.groups.get(path) == "kernels"]
    return Subject(recorder[graph.keys[node]], kernels, node.output in graph.outputs)


def signs_of(own: Subject) -> Array:
    """The number of the worst sign of a call, uint8 (steps,)."""
    found = np.where(np.isnan(own.call.output.nan), UNKNOWN, WELL).astype(np.uint8)
    for number, sign in reversed(list(enumerate(SIGNS, len(KNOWN)))):
        found[np.broadcast_to(sign.shows(own), found.shape)] = number
    return found
