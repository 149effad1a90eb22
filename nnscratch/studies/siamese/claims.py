"""What the siamese study claims."""

from __future__ import annotations

from nnscratch.studies.siamese.readings import (
    CEILING,
    common_accuracy,
    common_loss,
    frozen_accuracy,
    frozen_loss,
    frozen_steps,
    gain,
    kept,
    largest_distance,
    last_bias,
    mean,
    misplaced,
    residual,
    share,
    speed,
    weight,
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


def kernels(results: Results) -> list[Claim]:
    """Whether only biases learn."""
    asker = results["asker"]
    ways = asker["gradients"]
    slopes = [hop["factor"] for hop in ways["way"] if hop["role"] == "activation"]
    return [
        Claim(
            "In a step kernels move as far as biases (root mean squares, ratio)",
            mean(asker, "kernels", "update") / mean(asker, "biases", "update"),
            "> 0.5",
        ),
        Claim("Biases start at exactly 0 (spread)", mean(asker, "biases", "spread"), "== 0"),
        Claim(
            "Kernels start from a spread larger than their way (way against spread)",
            mean(asker, "kernels", "moved") / mean(asker, "kernels", "spread"),
            "< 1",
        ),
        Claim(
            "The kernels' histograms before and after overlap (part of the area)",
            mean(asker, "kernels", "overlap"),
            "> 0.5",
        ),
        Claim(
            "The biases' histograms before and after do not overlap (part of the area)",
            mean(asker, "biases", "overlap"),
            "< 0.2",
        ),
        Claim(
            "The convolutions' kernels earn most of the fall of the loss (share)",
            share(asker, "kernels"),
            "> 0.85",
        ),
        Claim(
            "The convolutions' biases earn hardly any of the fall of the loss (share)",
            share(asker, "biases"),
            "< 0.1",
        ),
        Claim(
            "The shares add up to the real fall of the loss (missing part)",
            residual(asker),
            "< 0.05",
        ),
        Claim(
            "With SGD the kernels earn most of the fall, too (share)",
            share(results["SGD"], "kernels"),
            "> 0.5",
        ),
        Claim(
            "Kernels that learn alone come as far (loss, against the asker's)",
            common_loss(results, "biases held") / common_loss(results, "asker"),
            "< 1.1",
        ),
        Claim(
            "Biases that learn alone do not (loss, against the asker's)",
            common_loss(results, "kernels held") / common_loss(results, "asker"),
            "> 1.1",
        ),
        Claim(
            "The gradient does not vanish (at the first convolution, against the last)",
            ways["first"][0] / ways["last"][0],
            "> 0.2",
        ),
        Claim("No ELU on the gradient's way dims it much (smallest factor)", min(slopes), "> 0.8"),
    ]


def last_biases(results: Results) -> list[Claim]:
    """The last convolution's biases: both embeddings move alike, and their difference does not."""
    asker = results["asker"]
    ways, path = asker["gradients"], last_bias(asker)
    shares = ways["shares"]
    others = [kept(entry) for name, entry in shares.items() if name != path]
    return [
        Claim(
            "The two branches' gradients of the last biases cancel (what is left)",
            kept(shares[path]),
            "< 0.05",
        ),
        Claim(
            "Of every other gradient more is left (smallest, against that of the last biases)",
            min(others) / kept(shares[path]),
            "> 3",
        ),
        Claim(
            "Some features are positive for both images of all pairs (share)",
            ways["blind"][0],
            "> 0.1",
        ),
        Claim(
            "Biases of features that are positive throughout get exactly 0 (largest gradient)",
            max(ways["blind_gradient"]),
            "== 0",
        ),
        Claim(
            "The last biases earn next to nothing of the fall of the loss (share)",
            asker["ledger"]["shares"][path],
            "< 0.02",
        ),
        Claim(
            "Adam moves the last biases as far as their kernel in a step (ratio)",
            weight(asker, path)["update"] / weight(asker, path.replace("bias", "kernel"))["update"],
            "> 0.5",
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
