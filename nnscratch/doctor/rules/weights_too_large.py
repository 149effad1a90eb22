"""First weights that multiply the signal."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.affine import beats
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import growths, retentions
from nnscratch.doctor.treatments import FirstWeights
from nnscratch.doctor.wiring import hidden_activations, layers_of

LARGE = 3.0
"""He's weights make 1.4 of 1, so that ReLU, which takes half of the squares, leaves 1."""
LOUD = 20.0
"""In terms of the inputs' size: a logit whose softmax or sigmoid is flat ..."""
DEAFENING = 1000.0
"""... and one that takes a training to unlearn."""
FLAT = 0.6
"""Share of a hidden layer's outputs at the flat ends: more than the half that ReLU6 has there."""


def weights_too_large(chart: Chart) -> Iterator[Finding]:
    """Layers that multiply what they read, until outputs are loud or hidden ones flat."""
    varies, kernels = retentions(chart), chart.begin.kernels
    large = {
        path: growth
        for path, growth in growths(chart).items()
        if kernels[path].constant is None
        and growth > LARGE
        and varies.get(path, 0.0) > LARGE  # else it is the biases
    }
    loudest = chart.logits / max(1.0, *(numbers.size for numbers in chart.inputs))
    flat = 0.0 if chart.inputs_are_large else flattest(chart)
    harmless = chart.learned and loudest < DEAFENING and not (flat >= FLAT and by_heart(chart))
    if not large or (loudest < LOUD and flat < FLAT) or harmless:
        return
    worst = max(large, key=lambda path: large[path])
    seen = Evidence(
        f"{layers_of([worst])[0]} makes its outputs {large[worst]:.3g} times as large as what it "
        f"reads, where 1 to 1.4 keeps the size; the first outputs before the last activation are "
        f"up to {chart.logits:.3g}, and up to {flat:.0%} of a hidden layer's outputs are at the "
        "flat ends",
        step=chart.begin.index,
        numbers={"growth": large[worst], "largest": chart.logits, "flat": flat},
    )
    yield Finding(
        cause="weights_too_large",
        where=layers_of(large),
        evidence=(seen,),
        why="every layer multiplies the signal by this factor, forward and backward, and a flat "
        "activation hands back next to nothing",
        fix="he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.likely,
        treatment=FirstWeights(layers_of(large)),
    )


def by_heart(chart: Chart) -> bool:
    """Whether validation rows are answered far worse than their neighbours would answer them.

    Units that are flat at first cut the rows apart at random, and the last layer can learn by heart
    on which side of each cut a row lies: all its neighbours may lie on others.
    """
    held = chart.held_out
    return held is not None and beats(chart.as_neighbours, held.task.score(held.y), chart)


def flattest(chart: Chart) -> float:
    """The largest share of flat outputs among the hidden activations with two flat ends."""
    entries = [chart.begin.activities[key] for key in hidden_activations(chart.model)]
    return max((entry.saturated for entry in entries if entry.two_ended), default=0.0)
