"""What the callbacks of a training have to know again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nnscratch.runs.errors import RunError
from nnscratch.training.callbacks import Callback

State = tuple[str, Mapping[str, Any]]
"""The class of a callback, and what it told."""


class Memories(NamedTuple):
    """Callbacks that have a state, and what each will take over."""

    callbacks: Sequence[Callback] = ()
    states: Sequence[State] = ()


def collect(callbacks: Iterable[Callback]) -> list[State]:
    """The states of those that have one."""
    return [(type(callback).__name__, callback.state()) for callback in stateful(callbacks)]


def check(folder: Path, callbacks: Iterable[Callback], states: Sequence[State]) -> None:
    """Refuse other callbacks than those whose states these are.

    Raises:
        RunError: their classes, or their order, are others.
    """
    was, given = [kind for kind, _ in states], [type(c).__name__ for c in stateful(callbacks)]
    if was != given:
        raise RunError(
            f"{folder}: callbacks: the training had {', '.join(was)}, now there are "
            f"{', '.join(given)} (History is fit's own); give again those that it had, in their "
            "order: each goes on with what it knew"
        )


def restore(folder: Path, callbacks: Iterable[Callback], states: Sequence[State]) -> None:
    """Let each take over its state.

    Raises:
        RunError: a callback does not understand it.
    """
    for callback, (kind, state) in zip(stateful(callbacks), states, strict=True):
        try:
            callback.restore(state)
        except (LookupError, TypeError, ValueError) as error:
            raise RunError(
                f"{folder}: {kind} cannot take over what it knew ({error!r}); if it is of another "
                "version, take the one that the training had"
            ) from error


def paired(callbacks: Iterable[Callback], states: Sequence[State]) -> Memories:
    """Callbacks with the states that are theirs: of a class of which there are just as many."""
    having, known = stateful(callbacks), Counter(kind for kind, _ in states)
    given = Counter(type(callback).__name__ for callback in having)
    ours = {kind for kind, count in given.items() if known[kind] == count}
    heirs = {kind: [state for state in states if state[0] == kind] for kind in ours}
    listening = [callback for callback in having if type(callback).__name__ in ours]
    return Memories(listening, [heirs[type(each).__name__].pop(0) for each in listening])


def stateful(callbacks: Iterable[Callback]) -> list[Callback]:
    """Those that have a state."""
    return [callback for callback in callbacks if type(callback).state is not Callback.state]
