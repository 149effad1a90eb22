"""Classes so rare that it pays never to answer them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.survey import answers
from nnscratch.doctor.treatments import ClassWeights
from nnscratch.kernels.ops import Array

RARE = 5.0
"""Rows of the most frequent class for one of a rare class. To answer it, a row has to speak for it
by ln 5 = 1.6 nats more than against it."""
EACH = 32
"""Rows of a class that are answered."""
FOUND = 0.5
"""Recall of a class that is more often found than not."""
REGAINED = 0.5
"""Of the rows of a class that are missed: so many would be found but for its rarity."""
LEARNED = 0.75
"""Recall of frequent classes that are told from each other: the network works, for these."""


def class_imbalance(chart: Chart) -> Iterator[Finding]:
    """Rare classes are not answered: they are hidden by their rarity, or were given up.

    Hidden are those that would be found if each answer were divided by its class's share; of
    several frequent classes that are told apart it is enough that the rare ones never come.
    """
    classes = chart.task.classes
    if classes is None or len(classes) != len(chart.rows):
        return
    counts = np.bincount(classes)  # (K,)
    if len(counts) > max(chart.head.units, 2):
        return
    rare = (counts > 1) & (counts * RARE <= counts.max())
    if not rare.any():
        return
    truth, shares = answered(chart, classes)
    if not np.isfinite(shares).all():
        return
    recall = recalls(shares, truth)
    weighed = recalls(shares[:, : len(counts)] / np.maximum(counts, 1), truth)
    common = (counts > 1) & ~rare
    regained = 1 - weighed <= REGAINED * (1 - recall)
    told_apart = np.median(weighed[counts > 1]) >= FOUND
    hidden = (recall < FOUND) & (weighed >= FOUND) & regained & told_apart
    given_up = (recall == 0) & (common.sum() > 1) & (np.median(recall[common]) > LEARNED)
    lost = rare & (hidden | given_up)
    if lost.any():
        yield finding(chart, counts, lost, recall, weighed)


def finding(chart: Chart, counts: Array, lost: Array, recall: Array, weighed: Array) -> Finding:
    """Which classes were given up, and what they would be without their rarity."""
    told = "; ".join(
        f"class {k}: {counts[k]} rows, {recall[k]:.0%} of them found, {weighed[k]:.0%} once every "
        "answer is divided by its class's share"
        for k in np.flatnonzero(lost)[:3]
    )
    seen = Evidence(
        f"the most frequent class has {counts.max()} of {counts.sum()} rows; {told}",
        step=chart.end.index,
        numbers={"most": int(counts.max()), "least": int(counts[lost].min())},
    )
    return Finding(
        cause="class_imbalance",
        where=("data.y",),
        evidence=(seen,),
        why="the loss counts rows, so that a rare class is answered only where a row speaks for it "
        "more than its rarity does against it; and few rows teach little",
        fix="class_weight in fit, one over the class's share; or as many rows of each class",
        certainty=Certainty.likely,
        treatment=ClassWeights(),
    )


def answered(chart: Chart, classes: Array) -> tuple[Array, Array]:
    """Up to `EACH` training rows of every class (n,), and the answers to them as shares (n, K)."""
    some = [np.flatnonzero(classes == k)[:EACH] for k in range(int(classes.max()) + 1)]
    chosen = np.concatenate(some)
    y = answers(chart.model, [x[chosen] for x in chart.rows.inputs])[chart.term.output]
    y = y.reshape(len(chosen), -1).astype(np.float64)  # (n, K)
    if y.shape[1] == 1:
        yes = y if chart.judge.boundary else 1 / (1 + np.exp(-y))
        y = np.concatenate([1 - yes, yes], axis=1)
    elif chart.judge.softens:
        y = np.exp(y - y.max(axis=1, keepdims=True))
    return classes[chosen], y


def recalls(shares: Array, truth: Array) -> Array:
    """Of the rows of each class, how many are answered as such, (K,); 1 of none."""
    right = shares.argmax(axis=1) == truth
    count = np.bincount(truth)
    found: Array = np.bincount(truth, weights=right) / np.maximum(count, 1)
    return np.where(count > 0, found, 1.0)
