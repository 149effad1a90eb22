"""What the figures of a training are given: checked, with errors that say how to get it."""

from __future__ import annotations

from nnscratch.core.arguments import instance
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.looks import Look
from nnscratch.inspect.recorder import Recorder
from nnscratch.plots.canvas import PlotError

GIVE = "give it to model.fit as a callback"


def recorder(call: str, given: object) -> Recorder:
    """The recorder that somebody gave to a call.

    Raises:
        PlotError: it is empty.
    """
    expected = "an nn.Recorder that model.fit was given"
    found = instance(f"{call} recorder", given, Recorder, expected)
    if not found.steps and not found.looks:
        raise PlotError(f"{call}: the recorder is empty; {GIVE}")
    return found


def looks(call: str, given: object) -> list[Look]:
    """The looks of the recorder that somebody gave to a call.

    Raises:
        PlotError: it is empty, or has taken none.
    """
    found = recorder(call, given)
    if not found.looks:
        raise PlotError(f"{call}: the recorder has not looked closer; nn.Recorder(every=50)")
    return found.looks


def ledger(call: str, given: object) -> Ledger:
    """The ledger that somebody gave to a call.

    Raises:
        PlotError: it is empty.
    """
    book = instance(f"{call} book", given, Ledger, "an nn.Ledger that model.fit was given")
    if not book.steps:
        raise PlotError(f"{call}: the ledger is empty; {GIVE}")
    return book
