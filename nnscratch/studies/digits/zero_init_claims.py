"""What the study zero-init claims."""

from __future__ import annotations

import math

from nnscratch.studies.digits.net import CLASSES
from nnscratch.studies.digits.readings import (
    BIAS,
    CONV,
    CONV_2,
    HIDDEN,
    OUTPUT,
    all_but,
    biases_share,
    factor,
    fall,
    first_gradient,
    largest_gradient,
    last_factor,
    mean_slope,
    mismatch,
    path,
    relative_change,
    residual,
    share,
    weight,
)
from nnscratch.studies.study import Claim, Results

SIGMOID = "conv_1_sigmoid#0"


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [
        *way_back(results),
        *who_earns(results),
        *two_zero_layers(results),
        *zero_last_layer(results),
    ]


def way_back(results: Results) -> list[Claim]:
    """The asker's case: what a zero dense layer lets through."""
    asker, random = results["asker"], results["all random"]
    start = abs(asker["loss_before"] - math.log(CLASSES))
    first = weight(asker, CONV)["gradient"]
    late = first[1] / weight(results["random dense"], CONV)["gradient"][1]
    gain = factor(asker, "output", "second") / factor(asker, "conv_1_sigmoid", "second")
    return [
        Claim("A zero last layer guesses: the loss starts at ln 10 (distance)", start, "<= 1e-9"),
        Claim(
            "In step 0 a zero dense layer passes exactly nothing back to the kernels",
            first[0],
            "== 0",
        ),
        Claim("In step 1 it has left 0, and the kernels get a gradient (norm)", first[1], "> 0"),
        Claim(
            "They get less than in front of a random dense layer (ratio in step 1)", late, "< 0.5"
        ),
        Claim(
            "On the way to them its factor is the smallest then (against the sigmoid's factor)",
            gain,
            "< 0.5",
        ),
        Claim(
            "At the end no factor on the way is small: together, against a random network's",
            path(asker)["total"] / path(random)["total"],
            "> 0.2",
        ),
        Claim(
            "The factors of the way multiply to what arrives (relative distance)",
            mismatch(asker),
            "<= 1e-9",
        ),
    ]


def who_earns(results: Results) -> list[Claim]:
    """The asker's case: what makes the loss fall."""
    asker, random = results["asker"], results["all random"]
    larger = relative_change(results["random kernels"], CONV) / relative_change(asker, CONV)
    dims = last_factor(asker, SIGMOID) / last_factor(random, SIGMOID)
    return [
        Claim(
            "The asker's network learns: its loss against the best constant answer's (ratio)",
            asker["loss_after"] / asker["best_constant_loss"],
            "< 0.75",
        ),
        Claim(
            "The dense kernel earns almost all of the fall of the loss (share)",
            share(asker, OUTPUT),
            "> 0.97",
        ),
        Claim(
            "The convolution kernels earn hardly any of the fall of the loss (share)",
            share(asker, CONV),
            "< 0.01",
        ),
        Claim("All biases together earn hardly any, either (share)", biases_share(asker), "< 0.03"),
        Claim(
            "The shares add up to the real fall of the loss (missing part)",
            residual(asker),
            "< 0.02",
        ),
        Claim(
            "With frozen kernels the loss falls nearly as far (part of the asker's fall)",
            fall(results["frozen kernels"]) / fall(asker),
            "> 0.6",
        ),
        Claim("Random kernels are smaller, and move by more of themselves (times)", larger, "> 2"),
        Claim(
            "At 5 times the learning rate the kernels still earn hardly any of it (share)",
            share(results["rate x 5"], CONV),
            "< 0.03",
        ),
        Claim(
            "The sigmoid dims the gradient no more than in a random network (ratio)", dims, "> 0.5"
        ),
        Claim(
            "Its units are not saturated: their mean slope at the end, of at most 1/4",
            mean_slope(asker, "conv_1_sigmoid"),
            "> 0.1",
        ),
    ]


def two_zero_layers(results: Results) -> list[Claim]:
    """Two zero dense layers, one behind the other."""
    sigmoid, relu = results["two zeros, sigmoid"], results["two zeros, relu"]
    units = weight(sigmoid, HIDDEN)["units"]
    expected = 0.5 * math.sqrt(units) * first_gradient(sigmoid, [BIAS])
    return [
        Claim(
            "Of two zero dense layers only the last gets a gradient in step 0 (norm elsewhere)",
            first_gradient(sigmoid, [CONV, CONV_2, HIDDEN]),
            "== 0",
        ),
        Claim(
            "It gets that of 32 units at sigmoid(0) = 1/2 (relative distance)",
            abs(first_gradient(sigmoid, [OUTPUT]) / expected - 1),
            "<= 1e-9",
        ),
        Claim(
            "The 32 units between two zero layers are one, after training too (different ones)",
            weight(sigmoid, HIDDEN)["distinct_after"],
            "== 1",
        ),
        Claim(
            "With ReLU all gradients but the output bias's are exactly 0 in every step (largest)",
            silence(results, "two zeros, relu"),
            "== 0",
        ),
        Claim(
            "With ReLU the way of the gradient ends at the last layer for ever (its last factor)",
            factor(relu, "output"),
            "== 0",
        ),
        Claim(
            "Such a network ends as a constant (different answers to the test images)",
            relu["different_answers"],
            "== 1",
        ),
        Claim(
            "It ends as the best one: its loss is the entropy of the classes (distance)",
            abs(relu["loss_after"] - relu["best_constant_loss"]),
            "< 0.01",
        ),
        Claim(
            "Learning rates of 1 and of 10 leave these gradients at exactly 0 (largest)",
            max(
                silence(results, name) for name in ("two zeros, rate x 10", "two zeros, rate x 100")
            ),
            "== 0",
        ),
        Claim(
            "Batch norm leaves these gradients at exactly 0 (largest)",
            silence(results, "two zeros, batch norm"),
            "== 0",
        ),
    ]


def zero_last_layer(results: Results) -> list[Claim]:
    """Zeros that do no harm."""
    zero, random = results["zero output"], results["no zeros"]
    return [
        Claim(
            "Zeros in the last layer alone do no harm (fall of the loss, against that without)",
            fall(zero) / fall(random),
            "> 0.5",
        ),
        Claim(
            "With zeros in the last layer alone all units stay different (of 8 + 16 + 32)",
            sum(weight(zero, path)["distinct_after"] for path in (CONV, CONV_2, HIDDEN)),
            "== 56",
        ),
        Claim(
            "With zeros in the last layer alone the convolutions do their part (share)",
            share(zero, CONV) + share(zero, CONV_2),
            "> 0.05",
        ),
        Claim("There, too, the shares add up to the real fall", residual(zero), "< 0.05"),
    ]


def silence(results: Results, name: str) -> float:
    """The largest gradient, in any step, of all weights but the output's bias."""
    return largest_gradient(results[name], all_but(results[name], BIAS))
