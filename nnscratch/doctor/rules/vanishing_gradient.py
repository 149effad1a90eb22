"""A gradient that dies on its way to the first layers."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.wiring import kernel_paths

DIES = 1e-3
DEEP = 3
"""Kernels; in fewer the gradient has no way to die on."""


def vanishing_gradient(chart: Chart) -> Iterator[Finding]:
    """The first kernel's gradient, relative to its size, against the last one's."""
    kernels = chart.begin.kernels
    paths = [path for path in kernel_paths(chart.model) if path in kernels]
    if len(paths) < DEEP or chart.learned:
        return
    pulls = [kernels[path].gradient / max(kernels[path].value, 1e-30) for path in paths]
    if not pulls[-1] > 0 or not pulls[0] < DIES * pulls[-1] * 10:
        return
    factor = pulls[0] / pulls[-1]
    seen = Evidence(
        f"gradient against size of weight: {pulls[0]:.2g} at {paths[0]}, {pulls[-1]:.2g} at "
        f"{paths[-1]}, a factor of {factor:.2g}",
        step=chart.begin.index,
        numbers={"first": pulls[0], "last": pulls[-1], "factor": factor},
    )
    yield Finding(
        cause="vanishing_gradient",
        where=tuple(path.rpartition("/")[0] for path in paths[:-1]),
        evidence=(seen,),
        why="the first layers stay as they began while the last one settles on the best constant",
        fix="ReLU or ELU instead of sigmoid, he_normal, or batch normalisation",
        certainty=Certainty.likely if factor < DIES else Certainty.possible,
    )
