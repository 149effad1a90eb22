"""A ResNet whose accuracy stays around 0.2: four suspects, and what each of them really does.

Batch norm in training divides by the batch's own deviation, so it cannot see the scale of the
pixels: no normalisation is no suspect for the training accuracy, see `norm.py`. When it infers
it divides by moving averages, of which the share momentum^n are still the first values after n
updates: with few updates validation is wrong, and early stopping ends the training before that
changes. That is worse with scaled pixels: the moving variances begin at 1, and theirs are far
below. Too large steps keep training itself from getting anywhere. And rows sorted by class leave
validation_split, which takes the last rows, with classes that training never sees.
"""

from __future__ import annotations

import math
from dataclasses import replace

from nnscratch.studies.resnet_plateau import advice as say
from nnscratch.studies.resnet_plateau import decision
from nnscratch.studies.resnet_plateau import figures as draw
from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.resnet_plateau import tables as write
from nnscratch.studies.resnet_plateau.net import CLASSES, Trial
from nnscratch.studies.resnet_plateau.norm import exact, homogeneous
from nnscratch.studies.resnet_plateau.training import variant
from nnscratch.studies.study import Claim, Epochs, Figure, Results, Study

ASKER = Trial()
LARGE = replace(ASKER, batch_size=256, epochs=Epochs(3, 3))
BRIEF = replace(ASKER, epochs=Epochs(1, 1))
TWO_EPOCHS = Epochs(2, 2)

VARIANTS = (
    variant("asker", "raw pixels, Adam 0.001, batches of 32, early stopping", ASKER, exact),
    variant("scaled", "pixels from 0 to 1", replace(ASKER, scaled=True, epochs=TWO_EPOCHS)),
    variant("large batches", "batches of 256", LARGE),
    variant("large, scaled", "and pixels from 0 to 1", replace(LARGE, scaled=True)),
    variant("large, momentum", "and a momentum of 0.9 for 0.99", replace(LARGE, momentum=0.9)),
    variant("rate x 100", "Adam 0.1", replace(ASKER, learning_rate=0.1, epochs=TWO_EPOCHS)),
    variant("sorted rows", "class after class", replace(BRIEF, sorted_rows=True)),
    variant("no norm", "no batch norm", replace(BRIEF, batch_norm=False), homogeneous),
)


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [
        *no_normalisation(results),
        *lag(results),
        *learning_rate(results),
        *row_order(results),
        *decision.claims(results),
    ]


def no_normalisation(results: Results) -> list[Claim]:
    """The first suspect: pixels of 0 to 255."""
    asker, scaled = results["asker"], results["scaled"]
    plain = results["no norm"]
    return [
        Claim(
            "In training batch norm undoes the pixels' scale: losses, raw and scaled, differ (by)",
            asker["training_difference"],
            "<= 1e-9",
        ),
        Claim(
            "When the untrained network infers, scale goes right through (relative distance)",
            read.ratio_off(asker["inference_ratio"], asker["white"]),
            "<= 1e-9",
        ),
        Claim(
            "With Keras's epsilon, too, the first losses are nearly equal (relative distance)",
            read.ratio_off(asker["first_loss"], scaled["first_loss"]),
            "< 0.1",
        ),
        Claim(
            "Raw and scaled pixels train alike: training accuracy in the last epoch (distance)",
            abs(read.apart(asker, scaled, "accuracy")),
            "< 0.1",
        ),
        Claim(
            "Without batch norm scale goes right through in training, too (relative distance)",
            read.ratio_off(plain["training_ratio"], plain["white"]),
            "<= 1e-9",
        ),
    ]


def lag(results: Results) -> list[Claim]:
    """The second suspect: moving averages that still know their first values."""
    large, quick = results["large batches"], results["large, momentum"]
    return [
        Claim(
            "After 10 updates 0.99^10 of the first values is left, in every layer (distance)",
            read.memory_off(results["asker"]),
            "<= 1e-9",
        ),
        Claim(
            "In large batches validation rows do better by their own statistics (accuracy)",
            read.gap(large),
            "> 0.1",
        ),
        Claim(
            "It is not overfitting: inferred, training rows do no better (accuracy)",
            read.last(large, "seen_accuracy") - read.last(large, "moving_accuracy"),
            "< 0.1",
        ),
        Claim(
            "Scaling the pixels does not help there: validation accuracy rises (by)",
            read.apart(results["large, scaled"], large, "val_accuracy"),
            "< 0.1",
        ),
        Claim(
            "A momentum of 0.9 changes nothing in training (largest difference of losses)",
            read.farthest(large, quick),
            "== 0",
        ),
        Claim(
            "It closes most of the gap (what is left of it, less half of that at 0.99)",
            read.gap(quick) - read.gap(large) / 2,
            "< 0",
        ),
        Claim(
            "Without batch norm both modes are one (accuracy)",
            abs(read.gap(results["no norm"])),
            "== 0",
        ),
    ]


def learning_rate(results: Results) -> list[Claim]:
    """The third suspect: too large steps."""
    asker, high = results["asker"], results["rate x 100"]
    return [
        Claim(
            "At 100 times the rate the first step moves kernels 100 times as far (distance)",
            read.ratio_off(high["first_move"], 100 * asker["first_move"]),
            "< 1e-3",
        ),
        Claim(
            "Then training is about as bad as a constant answer for an epoch (accuracy)",
            read.at(high, "accuracy", 1),
            "< 0.3",
        ),
        Claim(
            "For half of it the loss is no lower than that of the best constant, ln 10 (ratio)",
            min(read.early(high, "loss")) / math.log(CLASSES),
            "> 0.9",
        ),
        Claim(
            "At Adam's own rate such an epoch trains (accuracy above that, at the most)",
            max(read.aboves(asker, high, "accuracy")),
            "> 0.2",
        ),
    ]


def row_order(results: Results) -> list[Claim]:
    """The fourth suspect: rows sorted by class."""
    rows = results["sorted rows"]
    return [
        Claim(
            "Of rows sorted by class the last fifth holds classes that no training row has (count)",
            rows["absent_classes"],
            "== 2",
        ),
        Claim(
            "On rows of these the accuracy is exactly 0",
            rows["absent_accuracy"],
            "== 0",
        ),
        Claim(
            "Training itself notices nothing (its accuracy, less that of shuffled rows)",
            read.apart(rows, results["asker"], "accuracy"),
            "> -0.05",
        ),
    ]


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    return [
        draw.accuracies(
            results,
            [
                "asker",
                "scaled",
                "large batches",
                "large, scaled",
                "large, momentum",
                "rate x 100",
                "sorted rows",
                "no norm",
            ],
            "Each kind of rows in each mode. The grey band is about 0.2.",
        ),
        draw.divisors(
            results,
            ["asker", "scaled", "large batches", "large, scaled", "large, momentum", "rate x 100"],
            "What batch norm divides by when the network infers, against what it divides by in "
            "training: 1 is right. The moving variances begin at 1; raw pixels vary by more than "
            "that, scaled ones by less.",
        ),
    ]


STUDY = Study(
    name="resnet-plateau",
    title="accuracy around 0.2: no normalisation, batch norm's lag, learning rate, or row order",
    question=read.QUESTION,
    source=read.SOURCE,
    variants=VARIANTS,
    columns=read.COLUMNS,
    claims=claims,
    answer=say.answer,
    advice=say.advice,
    figures=figures,
    tables=write.tables,
)
