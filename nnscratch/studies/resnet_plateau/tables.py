"""The tables of the study resnet-plateau."""

from __future__ import annotations

from nnscratch.core.table import Table
from nnscratch.studies.resnet_plateau import decision
from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.study import Measurements, Results

COLUMNS = {
    "loss": "loss",
    "val_loss": "val_loss",
    "acc.": "accuracy",
    "inferred": "seen_accuracy",
    "val_acc.": "val_accuracy",
    "by batch": "batch_accuracy",
}
"""Heading -> log."""


def tables(results: Results) -> list[Table]:
    """Each suspect's accuracies; what every epoch printed, and would have in the other mode."""
    rows = [
        (f"{name}, {epoch}", *cells(measured, epoch))
        for name, measured in results.items()
        for epoch in range(1, measured["epochs"] + 1)
    ]
    return [
        decision.table(results),
        Table(
            "Training and validation, epoch by epoch",
            ("variant, epoch", "left", *COLUMNS),
            rows,
            (
                "left: the share of their first values, 0 and 1, in the moving averages. inferred: "
                "the accuracy on training rows when the network infers. by batch: that on "
                "validation rows by their batches' own statistics, as in training.",
            ),
        ),
    ]


def cells(measured: Measurements, epoch: int) -> tuple[str, ...]:
    """A row's numbers."""
    left = "-" if measured["momentum"] is None else f"{read.left(measured, epoch):.3f}"
    return (left, *(f"{read.at(measured, log, epoch):.3g}" for log in COLUMNS.values()))
