"""What the siamese study claims of the asker's kernels and biases: which of them learn."""

from __future__ import annotations

from nnscratch.studies.siamese.readings import (
    common_loss,
    kept,
    last_bias,
    mean,
    residual,
    share,
    weight,
)
from nnscratch.studies.study import Claim, Results


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
