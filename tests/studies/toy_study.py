"""A study of one variant, for tests of what is common to all studies."""

from __future__ import annotations

import math

from nnscratch.core.table import Table
from nnscratch.studies.digits import figures as draw
from nnscratch.studies.digits.net import Net, variant
from nnscratch.studies.digits.readings import HIDDEN, largest_gradient
from nnscratch.studies.study import Advice, Claim, Epochs, Results, Study

ZEROS = Net(
    kernels=("glorot_uniform",),
    filters=(2,),
    hidden="zeros",
    output="zeros",
    activation="relu",
    epochs=Epochs(1, 1),
)


def claims(results: Results) -> list[Claim]:
    """The one claim."""
    hidden = largest_gradient(results["zeros & co"], [HIDDEN])
    return [Claim("A gradient is exactly 0 <forever>", hidden, "== 0")]


STUDY = Study(
    name="toy",
    title="a toy",
    question="Does <it> work?",
    source="nobody",
    variants=(
        variant("zeros & co", "two zero layers", ZEROS, lambda model, setting: {"bad": math.nan}),
    ),
    columns={"updates": lambda measured: str(measured["updates"])},
    claims=claims,
    answer=lambda results: "It does.\n\nAnd <how>.",
    advice=lambda results: [Advice("Give up.", "no", "It works.")],
    figures=lambda results: [draw.gradients(results, ["zeros & co"], "A caption.")],
    tables=lambda results: [Table("Steps", ("<step>", "loss"), [("1 & 2", "0.5")], ("A <note>.",))],
)
