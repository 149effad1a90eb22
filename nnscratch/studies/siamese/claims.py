"""What the siamese study claims; of what learns, see `kernel_claims`."""

from __future__ import annotations

from nnscratch.studies.siamese.kernel_claims import kernels, last_biases
from nnscratch.studies.siamese.readings import (
    CEILING,
    common_accuracy,
    frozen_accuracy,
    frozen_loss,
    frozen_steps,
    gain,
    largest_distance,
    misplaced,
    speed,
    while_frozen,
)
from nnscratch.studies.study import Claim, Results

SCALES = ("mean distance", "unit length", "small w")
"""Variants whose first logits are smaller."""


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [
        *frozen(results),
        *sign(results),
        *clipped(results),
        *kernels(results),
        *last_biases(results),
        *fixes(results),
    ]


def frozen(results: Results) -> list[Claim]:
    """Why the accuracy stands still while the loss falls, and when it moves."""
    asker = results["asker"]
    before, after = while_frozen(asker, "ranking")
    return [
        Claim(
            "The asker's network gives all pairs one answer at first (steps before two differ)",
            frozen_steps(asker),
            ">= 100",
        ),
        Claim(
            "In the frozen epochs the accuracy is exactly 1/2 (largest distance)",
            frozen_accuracy(asker),
            "== 0",
        ),
        Claim(
            "In the frozen epochs the loss falls (last against first)",
            frozen_loss(asker),
            "< 0.9",
        ),
        Claim(
            "In the frozen epochs unseen pairs come to be ranked better (gain)",
            after - before,
            "> 0.04",
        ),
        Claim(
            "After the frozen epochs a threshold at the median distance is right (accuracy)",
            while_frozen(asker, "centred")[1],
            "> 0.7",
        ),
        Claim(
            "Answers differ just when the threshold lies among the distances (other steps)",
            misplaced(asker) + misplaced(results["other sign"]) + misplaced(results["SGD"]),
            "== 0",
        ),
        Claim(
            "The bias, and so the threshold, moves no faster than the learning rate (against it)",
            speed(asker),
            "<= 1.01",
        ),
        Claim(
            "SGD has such frozen epochs, with an accuracy of exactly 1/2 (largest distance)",
            frozen_accuracy(results["SGD"]),
            "== 0",
        ),
        Claim(
            "With SGD the loss falls in the frozen epochs (last against first)",
            frozen_loss(results["SGD"]),
            "< 0.99",
        ),
    ]


def sign(results: Results) -> list[Claim]:
    """The one random weight behind the distance."""
    asker, other = results["asker"], results["other sign"]
    return [
        Claim(
            "With w < 0 all pairs are first said to differ (share said to be the same)",
            asker["first_answers"],
            "== 0",
        ),
        Claim(
            "With w > 0 all pairs are first said to be the same (share)",
            other["first_answers"],
            "== 1",
        ),
        Claim(
            "With w > 0 the accuracy is exactly 1/2 in the frozen epochs (largest distance)",
            frozen_accuracy(other),
            "== 0",
        ),
        Claim(
            "With w > 0 the loss falls in the frozen epochs (last against first)",
            frozen_loss(other),
            "< 0.99",
        ),
        Claim(
            "With w > 0 unseen pairs are ranked worse after training (gain)",
            gain(other, -1),
            "< -0.05",
        ),
    ]


def clipped(results: Results) -> list[Claim]:
    """A second way to stand still."""
    logits, stuck = results["raw pixels"], results["raw, clipped"]
    return [
        Claim(
            "Raw pixels, clipped: wrong pairs get a gradient of exactly 0 (largest)",
            stuck["beyond_clip"]["strongest"],
            "== 0",
        ),
        Claim(
            "Raw pixels, clipped: no weight ever gets another one than exactly 0 (largest)",
            max(table["largest_gradient"] for table in stuck["weights"].values()),
            "== 0",
        ),
        Claim(
            "Raw pixels, clipped: the loss stays at half of -ln 1e-7 (largest distance)",
            largest_distance(stuck["history"]["loss"], CEILING),
            "<= 1e-5",
        ),
        Claim(
            "Raw pixels, logits: the same pairs get the largest gradient, 1 (smallest, step 0)",
            logits["beyond_clip"]["weakest"],
            "== 1",
        ),
        Claim(
            "Raw pixels, logits: the loss falls (last epoch against first)",
            logits["history"]["loss"][-1] / logits["history"]["loss"][0],
            "< 0.5",
        ),
    ]


def fixes(results: Results) -> list[Claim]:
    """What was advised, and what helps."""
    calibrated = common_accuracy(results, "calibrated")
    asker = frozen_steps(results["asker"])
    return [
        Claim(
            "Calibrated, two pairs get different answers from the start (first step)",
            results["calibrated"]["left"],
            "== 0",
        ),
        Claim(
            "Calibrated, it is right on more unseen pairs (accuracy, less the asker's)",
            calibrated - common_accuracy(results, "asker"),
            "> 0.15",
        ),
        Claim(
            "With the contrastive loss it is, too (accuracy, less the asker's)",
            common_accuracy(results, "contrastive") - common_accuracy(results, "asker"),
            "> 0.15",
        ),
        Claim(
            "Smaller first logits alone do not do that (calibrated, less the best of three)",
            calibrated - max(common_accuracy(results, name) for name in SCALES),
            "> 0.05",
        ),
        Claim(
            "At a tenth of the learning rate the answers never differ (part of the steps)",
            frozen_steps(results["rate / 10"]) / results["rate / 10"]["updates"],
            "== 1",
        ),
        *(
            Claim(
                f"With {name} answers do not differ sooner (steps, against the asker's)",
                frozen_steps(results[name]) / max(min(asker, results[name]["updates"]), 1),
                ">= 1",
            )
            for name in ("batch norm", "He")
        ),
        Claim(
            "With ReLU for the ELU all answers are equal at first, too (steps)",
            frozen_steps(results["ReLU"]),
            ">= 50",
        ),
    ]
