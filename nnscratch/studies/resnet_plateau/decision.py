"""Which suspect holds an accuracy at about 0.2: what only the asker's own size can say.

Small images and few rows are hard to learn for any such network, so at the small size an accuracy
of 0.2 says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nnscratch.core.table import Table
from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.study import Claim, Results

SUSPECTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "no normalisation": ("asker", "scaled"),
        "batch norm's lag": ("large batches", "large, scaled", "large, momentum"),
        "learning rate": ("rate x 100",),
        "row order": ("sorted rows",),
    }
)
"""Each with the variants that try it."""


def claims(results: Results) -> list[Claim]:
    """The decision, and every fix against what it mends; none at the small size."""
    if results["asker"]["scale"] != "full":
        return []
    return [*guilty(results), *innocent(results), *mended(results)]


def guilty(results: Results) -> list[Claim]:
    """Validation lags behind training, most of all with scaled pixels."""
    scaled, large_scaled = results["scaled"], results["large, scaled"]
    return [
        Claim(
            "With scaled pixels 250 updates leave validation near chance (accuracy)",
            read.at(scaled, "val_accuracy", 1),
            "< 0.2",
        ),
        Claim(
            "By their batches' own statistics the same rows do better (accuracy, above that)",
            read.gap(scaled, 1),
            "> 0.5",
        ),
        Claim(
            "In large batches that lasts (epochs, of 3, with a validation accuracy of 0.1 to 0.3)",
            read.around(large_scaled, "val_accuracy"),
            ">= 2",
        ),
        Claim(
            "Meanwhile training goes on (accuracy of the last epoch)",
            read.last(large_scaled, "accuracy"),
            "> 0.7",
        ),
    ]


def innocent(results: Results) -> list[Claim]:
    """What does not hold an accuracy there, or not for long."""
    asker, high, rows = (results[name] for name in ("asker", "rate x 100", "sorted rows"))
    return [
        *(
            Claim(
                f"{what}: epochs whose training or validation accuracy is 0.1 to 0.3",
                read.around(measured, "accuracy") + read.around(measured, "val_accuracy"),
                "== 0",
            )
            for what, measured in (("Raw pixels", asker), ("Sorted rows", rows))
        ),
        Claim(
            "Adam at 0.1: epochs whose training accuracy is 0.1 to 0.3",
            read.around(high, "accuracy"),
            "== 1",
        ),
        Claim(
            "It leaves that by itself (training accuracy of the last epoch)",
            read.last(high, "accuracy"),
            "> 0.6",
        ),
    ]


def mended(results: Results) -> list[Claim]:
    """The fixes, and the one that was advised."""
    asker, scaled, large, quick = (
        results[name] for name in ("asker", "scaled", "large batches", "large, momentum")
    )
    return [
        Claim(
            "A momentum of 0.9 mends the lag: validation accuracy in large batches rises (by)",
            read.apart(quick, large, "val_accuracy"),
            "> 0.1",
        ),
        Claim(
            "So do small batches, by more updates: validation accuracy rises (by)",
            read.apart(asker, large, "val_accuracy"),
            "> 0.1",
        ),
        Claim(
            "A second epoch does, too: validation accuracy with scaled pixels rises (by)",
            read.last(scaled, "val_accuracy") - read.at(scaled, "val_accuracy", 1),
            "> 0.5",
        ),
        Claim(
            "Scaling the pixels mends nothing: validation accuracy of the first epoch rises (by)",
            read.at(scaled, "val_accuracy", 1) - read.at(asker, "val_accuracy", 1),
            "< 0",
        ),
    ]


def table(results: Results) -> Table:
    """The accuracies of each suspect's variants, epoch by epoch."""
    logs = ("accuracy", "val_accuracy")
    rows = [
        (suspect, name, *(read.epochs(results[name], log) for log in logs))
        for suspect, names in SUSPECTS.items()
        for name in names
    ]
    return Table(
        "Who holds the accuracy at 0.2?",
        ("suspect", "variant", "training", "validation"),
        rows,
        ("Accuracies of the first epoch, the second ...",),
        words=(0, 1),
    )
