"""What each call of a shared layer contributes to its gradient, and how much of it cancels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnscratch.core.describe import norm, number
from nnscratch.core.errors import look_up
from nnscratch.core.step import Step, tape_of
from nnscratch.core.table import Table
from nnscratch.core.tape import Tape


@dataclass(frozen=True)
class Share:
    """One weight of a layer that was called several times."""

    norms: Mapping[str, float]
    """Norm of each call's own gradient, by the call's key."""
    total: float
    """Norm of their sum, which is the weight's gradient."""

    @property
    def cancellation(self) -> float:
        """The part of the calls' gradients that the others take back.

        1 - |sum| / sum of norms: 0 where all calls pull one way, 1 where they undo each other; NaN
        where all of them are 0.
        """
        norms = sum(self.norms.values())
        return 1 - self.total / norms if norms else math.nan


class Shares(Mapping[str, Share]):
    """The shares of every weight whose layer was called several times, by the weight's path."""

    def __init__(self, shares: Mapping[str, Share]):
        self._shares = dict(shares)

    def __getitem__(self, path: str) -> Share:
        return look_up("weight of a shared layer", path, self._shares)

    def __contains__(self, path: object) -> bool:
        return path in self._shares

    def __iter__(self) -> Iterator[str]:
        return iter(self._shares)

    def __len__(self) -> int:
        return len(self._shares)

    def __repr__(self) -> str:
        return f"Shares({self._shares})"

    # -- views ------------------------------------------------------------------------------

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        title = "what each call of a shared layer contributes to its gradient"
        headings = ("weight, call", "norm", "|sum|", "cancelled")
        notes = ["cancelled: 1 - |sum| / sum of the norms; 100% where the calls undo each other"]
        if not self:
            notes = ["no layer with weights was called several times"]
        return Table(title, headings, list(self._rows()), notes)

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for path, share in self.items():
            none = math.isnan(share.cancellation)
            cancelled = "-" if none else f"{share.cancellation:.1%}"
            yield path, number(sum(share.norms.values())), number(share.total), cancelled
            yield from ((f"  {key}", number(size), "", "") for key, size in share.norms.items())


def shares(run: Tape | Step) -> Shares:
    """The share of each call in the gradient of every shared weight, without regularisers.

    Over time: `nn.LambdaCallback(needs=["param_gradients"], on_step=lambda step: seen.append(
    nn.shares(step)))`. Only numbers are kept of a step.

    Args:
        run: a step, or a tape that was run backward.

    Raises:
        ArgumentError: it is neither.
        NNError: the tape has not been run backward.
    """
    tape = tape_of("shares", run)
    found = {}
    for path in dict.fromkeys(call.path for call in tape.values()):
        calls = tape.calls_of(path)
        for name in calls[0].param_gradients if len(calls) > 1 else ():
            norms = {call.key: norm(call.param_gradients[name]) for call in calls}
            found[f"{path}/{name}"] = Share(norms, norm(tape.gradients[f"{path}/{name}"]))
    return Shares(found)
