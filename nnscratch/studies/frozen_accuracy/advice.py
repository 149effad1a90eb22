"""What frozen-accuracy tells the asker: the answer, and what advice is worth."""

from __future__ import annotations

from nnscratch.studies.frozen_accuracy import readings as read
from nnscratch.studies.study import Advice, Measurements, Results


def answer(results: Results) -> str:
    """What to tell the asker."""
    asker, scaled = results["asker"], results["pixels"]
    gentle, normed = results["pixels, rate"], results["batch norm"]
    return (
        f"Your softmax is saturated. Pixels of 0..255 put the two logits "
        f"{asker['before']['median_margin']:.0f} apart, where 0..1 put them "
        f"{scaled['before']['median_margin']:.1f}; from 20.7 on Keras clips, and a clipped answer "
        "has a gradient of exactly 0. That was so for "
        f"{read.silence(asker, 'before'):.0%} of the wrong answers before the first step. "
        f"{asker['moving']} of {asker['mini_batches']} mini-batches moved anything, then all "
        "answers were one class, clipped: 152 of 275 of them wrong at -ln 1e-9 = 20.7233 each is "
        "your loss, 11.4543. The table of mini-batches shows it: logits of hundreds and more, "
        "gradients of 0. Divide the pixels by 255, and take a rate of 1 / |image|^2, here "
        f"{gentle['learning_rate']:.2g}, since a step grows with the number of pixels (accuracy "
        f"{read.accuracy(gentle):.2f}); or normalise before each ReLU "
        f"({read.accuracy(normed):.2f})."
    )


def advice(results: Results) -> list[Advice]:
    """What such questions are answered."""
    asker, scaled, gentle = (results[n] for n in ("asker", "pixels", "pixels, rate"))
    slow, slower, rmsprop = (results[n] for n in ("rate / 100", "rate", "rmsprop"))
    logits, both, normed = (results[n] for n in ("logits", "pixels, logits", "batch norm"))
    leaky, few, small = (results[n] for n in ("leaky relu", "few units", "5x5 kernels"))
    return [
        Advice(
            "Scale the pixels: divide by 255.",
            verdict(scaled, "needed, not enough"),
            "No answer is silent then. At the rate of 0.01 the accuracy ends at "
            f"{read.accuracy(scaled):.2f}, at {gentle['learning_rate']:.2g} at "
            f"{read.accuracy(gentle):.2f}: rate * |image|^2 is {strength(scaled):.2g} and 1, with "
            f"raw pixels {strength(asker):.2g}.",
        ),
        Advice(
            "The learning rate is too high.",
            verdict(slow, "not the cause", "half right"),
            f"{read.silence(asker, 'before'):.0%} of the wrong answers are silent before the first "
            "step, at any rate. Shorter steps may let the others free them in time: at 1e-4 the "
            f"accuracy ends at {read.accuracy(slow):.2f}. At 1 / |image|^2, "
            f"{slower['learning_rate']:.1g}, it takes too long: {read.accuracy(slower):.2f}.",
        ),
        Advice(
            "Let the loss read the logits, so that p - y does not vanish.",
            verdict(logits, "half right"),
            "No wrong answer is silent, but with raw pixels the loss of a mini-batch rises to "
            f"{logits['largest_batch_loss']:.0e}, and of 32 filters "
            f"{logits['after']['dead_filters']} are dead. With pixels in 0..1 the accuracy ends "
            f"at {read.accuracy(both):.2f}.",
        ),
        Advice(
            "Take another optimizer, such as RMSprop.",
            verdict(rmsprop, "no help", "luck"),
            "No optimizer moves what has no gradient. The asker tried it, and saw 0.4473: here "
            f"{read.first_accuracy(rmsprop):.4f} after one epoch and {read.accuracy(rmsprop):.4f} "
            f"in the end, moved by {rmsprop['moving']} of {rmsprop['mini_batches']} mini-batches.",
        ),
        Advice(
            "The ReLUs are dying: take leaky ones.",
            "not the cause",
            f"{asker['after']['dead_filters']} of 32 filters and {asker['after']['dead_units']} of "
            "25 units are dead for all images. Of the leaky ones none is, and the accuracy ends "
            f"at {read.accuracy(leaky):.2f}.",
        ),
        Advice(
            "The network is too large: take fewer units, or smaller kernels.",
            "not the cause",
            "He's initialisation keeps the size of the logits whatever the widths: with 8 filters "
            f"and 8 units the accuracy ends at {read.accuracy(few):.2f}, with 5x5 kernels at "
            f"{read.accuracy(small):.2f}.",
        ),
        Advice(
            "Normalise inside the network: batch norm.",
            verdict(normed, "no help"),
            f"It undoes the size of the pixels: the accuracy ends at {read.accuracy(normed):.2f}.",
        ),
    ]


def strength(measured: Measurements) -> float:
    """By how much of dL/dy a step changes a filter's answer to an image: rate * |image|^2."""
    return float(measured["learning_rate"] * measured["square_norm"])


def verdict(measured: Measurements, otherwise: str, learned: str = "verified") -> str:
    """What is to be said of a remedy, as the best accuracy of an epoch decides."""
    return learned if read.best_accuracy(measured) > read.LEARNED else otherwise
