"""The tables of the siamese study."""

from __future__ import annotations

from nnscratch.core.describe import number
from nnscratch.core.table import Table
from nnscratch.studies.siamese.readings import EMBEDDER, kept
from nnscratch.studies.study import Measurements, Results


def tables(results: Results) -> list[Table]:
    """What moved and what it earned, each branch's share, and the way of the gradient."""
    asker = results["asker"]
    return [moved_and_earned(asker), branches(asker), way(asker)]


def moved_and_earned(asker: Measurements) -> Table:
    """How far each weight went, how much of that a histogram shows, and what it was worth."""
    shares = asker["ledger"]["shares"]
    rows = [
        (
            path.removeprefix(EMBEDDER),
            number(table["spread"]),
            number(table["moved"]),
            number(table["update"]),
            f"{table['overlap']:.0%}",
            f"{shares[path]:.1%}",
        )
        for path, table in asker["weights"].items()
    ]
    ledger = asker["ledger"]
    return Table(
        "What moved, and what it earned (asker)",
        ("", "spread", "moved", "per step", "overlap", "earned"),
        rows,
        (
            "spread: standard deviation at the start. moved, per step: root mean square of the "
            "whole change, and of an update. overlap: of the histograms before and after. earned: "
            "share in the fall of the batches' losses.",
            f"In {ledger['steps']} steps the losses fell by {-ledger['real']:.4f}; the ledger says "
            f"{-ledger['total']:.4f}, and to first order {-ledger['first_order']:.4f}.",
        ),
    )


def branches(asker: Measurements) -> Table:
    """The gradient of each weight, as the two calls of the embedder make it."""
    rows = [
        (
            path.removeprefix(EMBEDDER),
            *map(number, entry["branches"]),
            number(entry["sum"]),
            f"{kept(entry):.1%}",
        )
        for path, entry in asker["gradients"]["shares"].items()
    ]
    return Table(
        "Each branch's share of the gradients (asker, step 0)",
        ("", "left image", "right image", "|sum|", "left over"),
        rows,
        ("Norms; left over: |sum| against the sum of the two. step.shares(path) has the arrays.",),
    )


def way(asker: Measurements) -> Table:
    """What is left of the loss's gradient from call to call, to the first convolution."""
    rows = [
        (hop["call"].removeprefix(EMBEDDER), hop["role"], number(hop["factor"]))
        for hop in asker["gradients"]["way"]
    ]
    return Table(
        "The way of the gradient to the first convolution (asker, step 0)",
        ("call", "role", "factor"),
        rows,
        ("factor: norm of the gradient behind the call, against that in front of it.",),
        words=(0, 1),
    )
