"""The tables of the study predicts-the-mean."""

from __future__ import annotations

import math

from nnscratch.core.describe import number
from nnscratch.core.table import Table
from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.study import Measurements, Results

HEADINGS = ("", "linear", "slope", "restored", "training", "inference", "unseen", "what is wrong")
NOTES = (
    "The questions stand from left to right in the order in which to ask them; the answer follows "
    "from the numbers alone.",
    "linear: the part of unseen targets that a linear function of the pixels explains. Below 0.1 "
    "it is the data, until another twin finds something.",
    "slope: of the last activation, on average. Below 0.01 nothing comes back; a sigmoid has 0.25 "
    "at the most.",
    "restored: the deviation of what the first batch norm puts out in the first step, before its "
    "gamma. Below 0.1 epsilon outweighs the variance, and the signal is lost.",
    "training, inference, unseen: squared errors against those of the best constants, in each "
    "mode, and in inference on rows that were not trained on. If the first is below 0.9, and the "
    "second twice as large, it is the averages; if the third is below 0.9, it learns.",
    "What is left is the steps: they are too few, too small or too large.",
)


def tables(results: Results) -> list[Table]:
    """What tells the causes apart."""
    rows = [row(name, measured) for name, measured in results.items()]
    words = (0, len(HEADINGS) - 1)
    return [Table("What tells the causes apart", HEADINGS, rows, NOTES, words)]


def row(name: str, measured: Measurements) -> tuple[str, ...]:
    """What was measured of a variant, and what follows."""
    numbers = (
        *(measured["linear"], measured["after"]["slope"], measured["before"]["restored"]),
        *(read.error(measured, mode) for mode in ("training", "inference", "unseen")),
    )
    return (name, *("-" if math.isnan(x) else number(x) for x in numbers), read.cause(measured))
