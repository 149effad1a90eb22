"""Accuracy that is the same in every epoch: all answers are clipped, and the clip has no slope.

He's initialisation keeps the size of what goes through a network. The biases begin at 0, so that
the logits are as many times larger as the pixels are: a factor of 255 turns a difference of 0.7
between two logits into one of 180. Beyond ln(1 / epsilon) = 20.7 the loss clips the probability of
the wrong class at epsilon. Such an answer costs -ln(epsilon) or nothing, and its gradient is
exactly 0: it is silent.

What is not silent moves the network too far. A step on an image x changes a filter's answer to x by
rate * |x|^2 * dL/dy, and |x|^2 grows with the number of pixels and with their square. So few
mini-batches throw all the answers to one side, where all are silent, and nothing moves again.
"""

from __future__ import annotations

import math
from dataclasses import replace

import nnscratch as nn
from nnscratch.studies.frozen_accuracy import advice as say
from nnscratch.studies.frozen_accuracy import figures as draw
from nnscratch.studies.frozen_accuracy import readings as read
from nnscratch.studies.frozen_accuracy import tables as write
from nnscratch.studies.frozen_accuracy.net import WHITE, Net
from nnscratch.studies.frozen_accuracy.training import asker, variant
from nnscratch.studies.study import Claim, Figure, Results, Study

BRIGHT = Net()
SCALED = replace(BRIGHT, white=1.0)

VARIANTS = (
    asker("asker", "pixels 0..255, kernel = image, ReLU, softmax, SGD 0.01, float64"),
    variant("float32", "float32, clipped at 1e-7", replace(BRIGHT, dtype="float32", epsilon=1e-7)),
    variant(
        "rmsprop",
        "RMSprop 0.001",
        replace(BRIGHT, optimizer=nn.RMSprop, learning_rate=0.001, pictures=True),
    ),
    variant("rate / 100", "learning rate 1e-4", replace(BRIGHT, learning_rate=1e-4)),
    variant("rate", "learning rate 1 / |image|^2", replace(BRIGHT, learning_rate=None)),
    variant("leaky relu", "slope 0.2 for the ReLU's 0", replace(BRIGHT, activation="leaky_relu")),
    variant("few units", "8 filters, 8 units", replace(BRIGHT, filters=8, units=8)),
    variant("5x5 kernels", "in steps of 4", replace(BRIGHT, kernel=5)),
    variant("logits", "the loss reads logits and clips nothing", replace(BRIGHT, from_logits=True)),
    variant("pixels", "pixels 0..1", SCALED),
    variant("pixels, logits", "pixels 0..1, and as above", replace(SCALED, from_logits=True)),
    variant(
        "pixels, rate",
        "both",
        replace(SCALED, learning_rate=None, pictures=True),
    ),
    variant("batch norm", "it precedes both ReLUs", replace(BRIGHT, batch_norm=True)),
)


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [*published(results), *mechanism(results), *remedies(results)]


def published(results: Results) -> list[Claim]:
    """What the asker saw."""
    asker, single = results["asker"], results["float32"]
    single_loss = float(f"{read.cost_of_wrong(single) * 152 / 275:.4f}")
    return [
        Claim("The fewest images that print 11.4543 and 0.4473", read.fewest_images(), "== 275"),
        Claim(
            "After every epoch the asker's system prints 11.4543 (largest distance)",
            read.printed_off(asker, "val_loss", read.PUBLISHED_LOSS),
            "== 0",
        ),
        Claim(
            "After every epoch the asker's system prints 0.4473 (largest distance)",
            read.printed_off(asker, "val_accuracy", read.PUBLISHED_ACCURACY),
            "== 0",
        ),
        Claim(
            "Its loss is 152 of 275 wrong answers at -ln 1e-9, and nothing else (distance)",
            read.floor_off(asker),
            "<= 1e-9",
        ),
        Claim(
            "In float32 a wrong answer costs -ln of the float32 1e-7 = 16.118 (distance)",
            abs(read.cost_of_wrong(single) + math.log(read.FLOAT32_EPSILON)),
            "<= 1e-5",
        ),
        Claim(
            "So float32 would have printed 8.9089: the asker's numbers are float64 (distance)",
            abs(single_loss - 8.9089),
            "== 0",
        ),
    ]


def mechanism(results: Results) -> list[Claim]:
    """Why it saw that."""
    asker, scaled = results["asker"], results["pixels"]
    times = asker["before"]["median_margin"] / scaled["before"]["median_margin"]
    tried = min(seen["silent"] / seen["rows"] for seen in asker["starts"])
    return [
        Claim(
            "255 times as bright pixels put the logits 255 times as far apart (relative distance)",
            abs(times / WHITE - 1),
            "<= 1e-9",
        ),
        Claim(
            "Before the first step most wrong answers are silent: gradient 0 (share)",
            read.silence(asker, "before"),
            "> 0.5",
        ),
        Claim(
            "Before the first step no wrong answer to pixels in 0..1 is silent (share)",
            read.silence(scaled, "before"),
            "== 0",
        ),
        Claim(
            "In the end all wrong answers are silent (share)", read.silence(asker, "after"), "== 1"
        ),
        Claim(
            "The two logits of every image end further apart than ln 1e9 (smallest distance)",
            asker["after"]["smallest_margin"],
            f"> {-math.log(read.EPSILON):.4f}",
        ),
        Claim(
            "From epoch 2 on all six gradients are exactly 0 in every mini-batch (largest entry)",
            read.later(asker, "gradient"),
            "== 0",
        ),
        Claim(
            "From epoch 2 on no weight moves by a bit (largest update)",
            read.later(asker, "update"),
            "== 0",
        ),
        Claim(
            "Other starts take an epoch to that end, too (smallest share of silent images)",
            tried,
            "> 0.95",
        ),
    ]


def remedies(results: Results) -> list[Claim]:
    """What helps, and what does not."""
    changed = [results[name] for name in ("leaky relu", "few units", "5x5 kernels")]
    logits = results["logits"]
    return [
        Claim(
            "Leaky ReLUs, few units, 5x5 kernels: most wrong answers begin silent (smallest share)",
            min(read.silence(measured, "before") for measured in changed),
            "> 0.5",
        ),
        Claim(
            "Leaky ReLUs, few units, 5x5 kernels do not learn (best accuracy of an epoch)",
            max(read.best_accuracy(measured) for measured in changed),
            "< 0.75",
        ),
        Claim(
            "At a rate of 1 / |image|^2, raw pixels stay silent: most wrong answers (share)",
            read.silence(results["rate"], "after"),
            "> 0.5",
        ),
        Claim(
            "Where the loss reads logits no wrong answer is silent before the first step (share)",
            read.silence(logits, "before"),
            "== 0",
        ),
        Claim(
            "There the steps are too long: worst loss of a mini-batch against the first (times)",
            logits["largest_batch_loss"] / logits["before"]["loss"],
            "> 10",
        ),
        Claim(
            "Such steps leave nearly all filters dead, for every image (of 32)",
            logits["after"]["dead_filters"],
            "> 25",
        ),
        *(
            Claim(
                f"{what} learns (best accuracy of an epoch)",
                read.best_accuracy(results[name]),
                f"> {read.LEARNED}",
            )
            for name, what in (
                ("pixels, rate", "At a rate of 1 / |image|^2, with pixels in 0..1, the network"),
                ("pixels, logits", "With pixels in 0..1, and a loss that reads logits, it"),
                ("batch norm", "With batch norm before each ReLU, and raw pixels, it"),
            )
        ),
    ]


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    four = ["asker", "rmsprop", "logits", "pixels, rate"]
    return [
        draw.activations(
            results,
            four,
            "The activations of each mini-batch, which the asker wished to see. Raw pixels arrive "
            "at the softmax as logits of hundreds and more, from the first mini-batch on.",
        ),
        draw.gradients(
            results,
            four,
            "The gradients of each mini-batch. With raw pixels they are exactly 0 but for a few "
            "mini-batches; where the loss reads logits, the first ones are so large that nearly "
            "all filters die.",
        ),
        draw.losses(
            results,
            {
                "clipped": ["asker", "float32", "leaky relu", "5x5 kernels"],
                "not clipped": ["logits", "pixels, logits", "pixels, rate", "batch norm"],
            },
            "The loss of all images before training and after each epoch. Where everything is "
            "clipped it only counts wrong answers.",
        ),
        draw.filters(
            results,
            ["asker", "rmsprop", "pixels, rate"],
            "The first 8 filters when epochs begin, in 8x8 means of their weights, each row "
            "against its largest. What epoch 1 made of them is there to stay, and with RMSprop it "
            "is something else. With scaled pixels they move a little at a time.",
        ),
    ]


STUDY = Study(
    name="frozen-accuracy",
    title="the same accuracy in every epoch: answers that are clipped teach nothing",
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
