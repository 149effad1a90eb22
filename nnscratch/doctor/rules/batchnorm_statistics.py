"""Moving averages that do not describe the data (yet)."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import LayerArguments

WORSE = 1.5


def batchnorm_statistics(chart: Chart) -> Iterator[Finding]:
    """In inference the same rows cost far more than in training."""
    norms = [key for key, entry in chart.end.activities.items() if entry.role == "norm"]
    trained, quiet = chart.end.loss - chart.end.penalty, chart.end.quiet_loss
    if not norms or not quiet > WORSE * trained or chart.course.broke is not None:
        return
    seen = Evidence(
        f"on the same rows the loss is {trained:.4g} with the batch's moments and {quiet:.4g} with "
        f"the moving averages, after {chart.course.steps} updates",
        step=chart.end.index,
        numbers={"training": trained, "inference": quiet, "updates": chart.course.steps},
    )
    layers = tuple(dict.fromkeys(key.partition("#")[0] for key in norms))
    yield Finding(
        cause="batchnorm_statistics",
        where=tuple(norms),
        evidence=(seen,),
        why="a moving average with momentum m needs some 3 / (1 - m) updates to forget that it "
        "began at 0 and 1: 300 with Keras's 0.99",
        fix="momentum=0.9, or more updates, before the model is used or validated",
        certainty=Certainty.likely,
        treatment=LayerArguments(layers, {"momentum": 0.9}),
    )
