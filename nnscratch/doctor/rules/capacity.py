"""A network that has too little room for its task."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from nnscratch.core.graph import Node
from nnscratch.doctor.affine import affine_score, beats
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import OneBatch, Wider
from nnscratch.doctor.wiring import hidden, hidden_kernels, kernel_paths

BOTTLENECK = 2
"""Numbers through which everything about a row has to pass."""
NEAR = 1.0
"""Weights that moved less than their own size have not been tried out."""
WORSE = 2.0
"""Times the first loss: more than batches differ by."""
STILL = 0.02
"""Of the loss: what the second half of a training that has come to rest still gains."""


def capacity(chart: Chart) -> Iterator[Finding]:
    """The rows are not fitted, though the steps were sound and neighbours know the answers."""
    far = max(chart.travel.values(), default=0.0) >= NEAR
    sound = far and chart.course.broke is None and calm(chart.course.losses)
    if chart.learned or not sound or not beats(chart.as_neighbours, chart.score, chart):
        return
    if not hidden_kernels(chart.model):
        yield from no_hidden_layer(chart)
    elif (node := narrowest(chart)) is not None:
        yield bottleneck(chart, node)
    elif at_rest(chart.course.losses):
        yield from few_weights(chart)


def no_hidden_layer(chart: Chart) -> Iterator[Finding]:
    """One layer, where even the best one would not do."""
    straight = affine_score(chart)
    if straight is None or not beats(chart.as_neighbours, straight, chart):
        return
    seen = Evidence(
        f"there is one layer with weights; the best affine map scores {straight:.3g}, the "
        f"network {chart.score:.3g}, and answering as the nearest rows do {chart.as_neighbours:.3g}"
    )
    (path,) = kernel_paths(chart.model)[-1:]
    yield finding(path.rpartition("/")[0], seen, Certainty.likely)


def narrowest(chart: Chart) -> Node | None:
    """The hidden call that all of a row has to pass in one or two numbers, if it had more."""
    rows = sum(x[0].size for x in chart.rows.inputs)
    for node in hidden(chart.model):
        width = math.prod(node.output.shape)
        if node.layer.role == "weights" and width <= BOTTLENECK and width < rows:
            return node
    return None


def bottleneck(chart: Chart, node: Node) -> Finding:
    """One or two units."""
    key, width = chart.model.graph.label(node), math.prod(node.output.shape)
    seen = Evidence(
        f"{key} puts out {width} number{'s' * (width > 1)} per row; the network scores "
        f"{chart.score:.3g} on its own training rows, answering as the nearest rows do "
        f"{chart.as_neighbours:.3g}",
        step=chart.end.index,
        numbers={"units": width, "score": chart.score},
    )
    wider = Wider(chart.model.graph.paths[node.layer])
    return dataclasses.replace(finding(key, seen, Certainty.likely), treatment=wider)


def few_weights(chart: Chart) -> Iterator[Finding]:
    """Fewer free numbers than there are targets to be met, and a loss at rest."""
    free = sum(value.size for value in chart.model.parameters.trained.values())
    targets = len(chart.rows) * chart.head.units
    if free >= targets:
        return
    losses = chart.course.losses
    seen = Evidence(
        f"{free} trained numbers for {targets} targets; the loss came to rest at {losses[-1]:.4g}, "
        f"where the network scores {chart.score:.3g} on its own training rows, and answering as "
        f"the nearest rows do {chart.as_neighbours:.3g}",
        step=chart.end.index,
        numbers={"weights": free, "targets": targets},
    )
    yield finding("model", seen, Certainty.possible)


def calm(losses: list[float]) -> bool:
    """Whether the steps did not drive the loss up."""
    quarter = max(len(losses) // 4, 1)
    return bool(np.mean(losses[-quarter:]) <= WORSE * losses[0])


def at_rest(losses: list[float]) -> bool:
    """Whether the last quarter of the steps gained hardly more than the quarter before it."""
    quarter = len(losses) // 4
    if not quarter:
        return False
    before, last = np.mean(losses[-2 * quarter : -quarter]), np.mean(losses[-quarter:])
    return bool(before - last < STILL * abs(before))


def finding(where: str, seen: Evidence, certainty: Certainty) -> Finding:
    """More room is wanted."""
    return Finding(
        cause="capacity",
        where=(where,),
        evidence=(seen,),
        why="the gradient flows and the weights have come far, so that neither steps nor signal "
        "keep the loss up: no weights of this shape fit the rows",
        fix="more units in the narrowest layer, or another hidden layer with an activation",
        certainty=certainty,
        twins=(OneBatch(),),
    )
