"""A shared layer whose uses undo each other, on the way back or already on the way forward."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnscratch.core.graph import Node, Symbol
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.survey import Survey
from nnscratch.doctor.wiring import layers_of

ALL = 0.999
"""Of what the uses pull with, or put out: less than a thousandth is left."""


def cancelling_uses(chart: Chart) -> Iterator[Finding]:
    """Every kernel of a shared layer gets next to nothing, though each use pulls or says much."""
    if chart.learned:
        return
    undone = [
        path
        for path in chart.begin.shares
        if path in chart.begin.kernels
        and chart.begin.shares[path].cancellation > ALL
        and not chart.end.shares[path].cancellation <= ALL  # NaN where nothing pulls any more
    ]
    if undone:
        yield finding(layers_of(undone), tuple(seen(chart, path) for path in undone))
        return
    for node in chart.model.graph.nodes:
        layer = read_by(chart, node)
        if layer is not None and max(remainder(chart, at, node) for at in both(chart)) < 1 - ALL:
            yield finding((layer,), (nothing_left(chart, node),))


def finding(where: tuple[str, ...], evidence: tuple[Evidence, ...]) -> Finding:
    """Uses that undo each other."""
    return Finding(
        cause="cancelling_uses",
        where=where,
        evidence=evidence,
        why="the gradient of a shared weight is the sum over its uses; where what follows takes "
        "the difference of equal outputs, what one use asks for the other asks against",
        fix="see that the uses read different rows, and that what follows does not cancel them",
        certainty=Certainty.likely,
    )


def seen(chart: Chart, path: str) -> Evidence:
    """The share of each use, and their sum."""
    share = chart.begin.shares[path]
    uses = ", ".join(f"{key} {size:.3g}" for key, size in share.norms.items())
    return Evidence(
        f"gradient of {path} by each use: {uses}; their sum is {share.total:.3g}, "
        f"{share.cancellation:.2%} of it cancels",
        step=chart.begin.index,
        numbers={"cancellation": share.cancellation, "total": share.total},
    )


def read_by(chart: Chart, node: Node) -> str | None:
    """The shared layer of which a merge reads different uses, and nothing else."""
    uses = [last_weights(symbol) for symbol in node.inputs]
    layers = {use.layer for use in uses if use is not None}
    if node.layer.role != "merge" or None in uses or not len(set(uses)) > len(layers) == 1:
        return None
    return chart.model.graph.paths[layers.pop()]


def last_weights(symbol: Symbol) -> Node | None:
    """The call with weights that numbers come from; None where a merge or no call is before it."""
    node = symbol.node
    while node is not None and node.layer.role not in ("weights", "merge"):
        node = node.inputs[0].node
    return node if node is not None and node.layer.role == "weights" else None


def both(chart: Chart) -> tuple[Survey, Survey]:
    """At first and at the end: what holds at both holds whatever the weights are."""
    return chart.begin, chart.end


def remainder(chart: Chart, at: Survey, node: Node) -> float:
    """How much rows differ behind a merge, against how much in what it reads.

    It is 0 where f(x) meets f(-x) of an affine f, which add up to 2 f(0). Behind ReLUs that are
    given 0 no gradient comes back, and so there is none to cancel either.
    """
    keys = chart.model.graph.keys
    read = [keys[symbol.node] for symbol in node.inputs if symbol.node is not None]
    came = max(at.activities[key].varies for key in read)
    return at.activities[keys[node]].varies / came if came else math.inf


def nothing_left(chart: Chart, node: Node) -> Evidence:
    """The remainders."""
    key = chart.model.graph.keys[node]
    first, last = (remainder(chart, at, node) for at in both(chart))
    return Evidence(
        f"from row to row {key} differs by {first:.2g} times as much as what it reads before "
        f"training, and by {last:.2g} times after: the uses put out the same, with other signs",
        step=chart.end.index,
        numbers={"begin": first, "end": last},
    )
