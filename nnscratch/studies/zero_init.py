"""Zero-initialised dense layers: what they hold back, and what they do not.

The gradient by a dense layer's input is dy @ kernel.T. Where the kernel is 0, so is that product,
and nothing in front of the layer learns. The layer's own gradient, x.T @ dy, does not contain
its kernel: one zero layer leaves 0 in its first step, and from then on lets some gradient through.
Two of them, one behind the other, hold each other down: the first gets no gradient, because the
second passes none back, and the second gets none unless the first one's activations differ from
0, as sigmoid(0) = 1/2 does and ReLU(0) = 0 does not.
"""

from __future__ import annotations

import math
from dataclasses import replace

from nnscratch.studies import digits_figures, digits_net, digits_readings
from nnscratch.studies.digits_net import CLASSES, Net, variant
from nnscratch.studies.digits_readings import (
    BIAS,
    CONV,
    CONV_2,
    HIDDEN,
    OUTPUT,
    all_but,
    fall,
    first_factor,
    first_gradient,
    largest_gradient,
    last_factor,
    relative_change,
    residual,
    share,
    typical_ratio,
    weight,
)
from nnscratch.studies.study import Advice, Claim, Figure, Results, Study

ASKER = replace(digits_net.ASKER, ledger=True)
RANDOM = "glorot_uniform"
DEEP = Net(activation="relu", learning_rate=0.1)
TWO_ZEROS = replace(DEEP, hidden="zeros", output="zeros")
SIGMOID = "conv_1_sigmoid#0"

VARIANTS = (
    variant("asker", "unit matrices, one zero dense layer, sigmoid, SGD 0.03", ASKER),
    variant("frozen kernels", "the kernels may not move", replace(ASKER, frozen=("conv_1",))),
    variant("rate x 5", "learning rate 0.15", replace(ASKER, learning_rate=0.15)),
    variant("random kernels", "Glorot's random kernels", replace(ASKER, kernels=(RANDOM,))),
    variant("random dense", "a dense layer with random weights", replace(ASKER, output=RANDOM)),
    variant("all random", "both of these", replace(ASKER, kernels=(RANDOM,), output=RANDOM)),
    variant(
        "two zeros, sigmoid",
        "2 random convolutions, 2 zero dense layers, SGD 0.5",
        replace(TWO_ZEROS, activation="sigmoid", learning_rate=0.5),
    ),
    variant("two zeros, relu", "ReLU for the sigmoid, SGD 0.1", TWO_ZEROS),
    variant("two zeros, rate x 10", "learning rate 1", replace(TWO_ZEROS, learning_rate=1.0)),
    variant("two zeros, rate x 100", "learning rate 10", replace(TWO_ZEROS, learning_rate=10.0)),
    variant("two zeros, batch norm", "it precedes every ReLU", replace(TWO_ZEROS, batch_norm=True)),
    variant("zero output", "only the last layer is 0", replace(DEEP, output="zeros", ledger=True)),
    variant("no zeros", "all layers are random", DEEP),
)


def claims(results: Results) -> list[Claim]:
    """Every claim with its number."""
    return [*one_zero_layer(results), *two_zero_layers(results), *zero_last_layer(results)]


def one_zero_layer(results: Results) -> list[Claim]:
    """The asker's case."""
    asker, random = results["asker"], results["all random"]
    start = abs(asker["loss_before"] - math.log(CLASSES))
    first = weight(asker, CONV)["gradient"]
    late = first[1] / weight(results["random dense"], CONV)["gradient"][1]
    larger = relative_change(results["random kernels"], CONV) / relative_change(asker, CONV)
    dims = last_factor(asker, SIGMOID) / last_factor(random, SIGMOID)
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
            "Zeros in the last layer alone do no harm (accuracy, less that without zeros)",
            zero["accuracy"] - random["accuracy"],
            "> -0.1",
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
    ]


def silence(results: Results, name: str) -> float:
    """The largest gradient, in any step, of all weights but the output's bias."""
    return largest_gradient(results[name], all_but(results[name], BIAS))


def answer(results: Results) -> str:
    """What to tell the asker."""
    asker = results["asker"]
    left = fall(results["frozen kernels"]) / fall(asker)
    moved = relative_change(asker, CONV)
    return (
        "Such small changes come with a correct backprop, too: the loss falls without the kernels. "
        f"The dense layer alone earns {share(asker, OUTPUT):.1%} of the fall, and with frozen "
        f"kernels {left:.0%} of it remain. While the dense layer is 0 it passes exactly nothing "
        f"back, afterwards little, and unit matrices are large: it moves them by {moved:.0%} of "
        f"themselves, random kernels by {relative_change(results['random kernels'], CONV):.0%}. "
        "One zero layer at the end is healthy; two in a row are not, and with ReLU they never "
        "learn. What you do lose is width: your eight kernels are equal and stay equal, see the "
        "study unit-kernel."
    )


def advice(results: Results) -> list[Advice]:
    """The answers that were given."""
    asker, faster, dense = (results[n] for n in ("asker", "rate x 5", "random dense"))
    kernels = results["random kernels"]
    return [
        Advice(
            "The gradient vanishes on its way to the first layer.",
            "not the cause",
            f"The sigmoid lets {last_factor(asker, SIGMOID):.2f} of the gradient through, and "
            f"{last_factor(results['all random'], SIGMOID):.2f} in the net with random weights. "
            "The factor that differs is the zero dense layer's: exactly 0 in step 0 and "
            f"{last_factor(asker, 'output#0'):.2f} at the end, against "
            f"{first_factor(dense, 'output#0'):.2f} and {last_factor(dense, 'output#0'):.2f} "
            "of a random one.",
        ),
        Advice(
            "Dense layers must not start at 0: start everything at random.",
            "half right",
            "A zero layer at the end costs one step: with a random one the kernels move by "
            f"{relative_change(dense, CONV):.0%} instead of {relative_change(asker, CONV):.0%}, "
            f"and the loss ends at {dense['loss_after']:.2f} instead of "
            f"{asker['loss_after']:.2f}. Two in a row are a dead end. Random kernels, at "
            f"{kernels['loss_after']:.2f}, are {weight(kernels, CONV)['distinct_after']} "
            f"different filters instead of {weight(asker, CONV)['distinct_after']}.",
        ),
        Advice(
            "The learning rate is wrong.",
            "not the cause",
            f"Times 5 the kernels move by {relative_change(faster, CONV):.0%}, and still earn "
            f"{share(faster, CONV):.2%} of the fall. Times 10 and times 100 an exact 0 stays 0.",
        ),
        Advice(
            "Updates should be about 1e-3 of the weights.",
            "a symptom, not a cause",
            f"The kernels' typical ratio is {typical_ratio(asker, CONV):.0e}, so the rule does "
            f"notice. At 5 times the rate it is {typical_ratio(faster, CONV):.0e}, as it should "
            f"be, and the kernels earn {share(faster, CONV):.2%}.",
        ),
        Advice(
            "Batch normalisation keeps gradients from vanishing.",
            "no help here",
            "It scales what arrives, and behind two zero layers nothing does: every gradient but "
            "the output bias's stays exactly 0.",
        ),
    ]


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    deep = ["two zeros, sigmoid", "two zeros, relu", "zero output"]
    return [
        digits_figures.gradients(
            results,
            ["asker", *deep],
            "Norm of each kernel's gradient. One zero dense layer holds back what is in front of "
            "it for one step; two of them hold each other down, with ReLU for ever.",
        ),
        digits_figures.ratios(
            results,
            ["asker", "rate x 5", "random dense", "random kernels"],
            "How far one step moves a kernel, against the kernel; a rule of thumb wants 1e-3. "
            "What starts at 0 has no ratio in its first step.",
        ),
        digits_figures.widths(
            results,
            ["asker", *deep],
            "How many units of a layer differ. Units that start equal, read the same and are read "
            "by equal weights stay one unit.",
        ),
        digits_figures.first_layer(
            results,
            ["asker", "random kernels"],
            "The first kernels before and after training. The asker's eight unit matrices move "
            "little, and stay equal.",
        ),
    ]


STUDY = Study(
    name="zero-init",
    title="zero dense layers: what gets a gradient of exactly 0, and what lowers the loss",
    question=digits_readings.QUESTION,
    source=digits_readings.SOURCE,
    variants=VARIANTS,
    columns=digits_readings.COLUMNS,
    claims=claims,
    answer=answer,
    advice=advice,
    figures=figures,
)
