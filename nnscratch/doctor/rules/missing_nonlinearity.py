"""Hidden layers that together are one affine map."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.affine import affine_score, beats, superposes
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import LayerArguments
from nnscratch.doctor.wiring import hidden_kernels, layers_of


def missing_nonlinearity(chart: Chart) -> Iterator[Finding]:
    """Several layers, of which the answers are no better than those of one."""
    layers = layers_of(hidden_kernels(chart.model))
    better = chart.as_neighbours
    if not layers or not beats(better, chart.score, chart) or not superposes(chart):
        return
    straight = affine_score(chart)
    bound = straight is not None and beats(better, straight, chart)
    if straight is not None and not bound:
        return
    best = "" if straight is None else f", the best affine map {straight:.3g}"
    seen = Evidence(
        "before the last activation f(a) + f(b) = f(c) + f(a + b - c) for training rows a, b, c: "
        f"the layers are one affine map. It scores {chart.score:.3g}{best}; answering as the "
        f"nearest rows do scores {better:.3g}",
        step=chart.end.index,
        numbers={"score": chart.score, "neighbours": better or 0.0},
    )
    yield Finding(
        cause="missing_nonlinearity",
        where=layers,
        evidence=(seen,),
        why="affine maps of affine maps are affine: without a bend between them, many layers can "
        "do what one can",
        fix='activation="relu" in the hidden layers',
        certainty=Certainty.likely if bound else Certainty.possible,
        treatment=LayerArguments(layers, {"activation": "relu"}),
    )
