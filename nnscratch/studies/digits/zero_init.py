"""Zero-initialised dense layers: what they hold back, and what they do not.

The gradient by a dense layer's input is dy @ kernel.T. Where the kernel is 0, so is that product,
and nothing in front of the layer learns. The layer's own gradient, x.T @ dy, does not contain
its kernel: one zero layer leaves 0 in its first step, and from then on lets some gradient through.
Two of them, one behind the other, hold each other down: the first gets no gradient, because the
second passes none back, and the second gets none unless the first one's activations differ from
0, as sigmoid(0) = 1/2 does and ReLU(0) = 0 does not.
"""

from __future__ import annotations

from dataclasses import replace

from nnscratch.studies.digits import figures as draw
from nnscratch.studies.digits import net
from nnscratch.studies.digits import readings as read
from nnscratch.studies.digits.net import BRIEF, Net, variant
from nnscratch.studies.digits.readings import (
    CONV,
    OUTPUT,
    factor,
    fall,
    last_factor,
    relative_change,
    share,
    typical_ratio,
    weight,
)
from nnscratch.studies.digits.zero_init_claims import SIGMOID, claims
from nnscratch.studies.study import Advice, Figure, Results, Study

ASKER = replace(net.ASKER, ledger=2)
RANDOM = "glorot_uniform"
DEEP = Net(activation="relu", learning_rate=0.1)
TWO_ZEROS = replace(DEEP, hidden="zeros", output="zeros", epochs=BRIEF)

VARIANTS = (
    variant("asker", "unit matrices, one zero dense layer, sigmoid, SGD 0.03", ASKER),
    variant(
        "frozen kernels", "the kernels may not move", replace(ASKER, frozen=("conv_1",), ledger=0)
    ),
    variant("rate x 5", "learning rate 0.15", replace(ASKER, learning_rate=0.15)),
    variant("random kernels", "Glorot's random kernels", replace(ASKER, kernels=(RANDOM,))),
    variant(
        "random dense",
        "a dense layer with random weights",
        replace(ASKER, output=RANDOM, ledger=0),
    ),
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
    variant("zero output", "only the last layer is 0", replace(DEEP, output="zeros", ledger=3)),
    variant("no zeros", "all layers are random", DEEP),
)


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
    """What is advised, and what came of it."""
    asker, faster, dense = (results[n] for n in ("asker", "rate x 5", "random dense"))
    kernels = results["random kernels"]
    return [
        Advice(
            "The gradient vanishes on its way to the first layer.",
            "not the cause",
            f"The sigmoid lets {last_factor(asker, SIGMOID):.2f} of the gradient through, and "
            f"{last_factor(results['all random'], SIGMOID):.2f} in the net with random weights. "
            "The factor that differs is the zero dense layer's: exactly 0 in step 0, "
            f"{factor(asker, 'output', 'second'):.2f} in step 1 and "
            f"{factor(asker, 'output'):.2f} at the end, against "
            f"{factor(dense, 'output', 'first'):.2f}, {factor(dense, 'output', 'second'):.2f} and "
            f"{factor(dense, 'output'):.2f} of a random one.",
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
        draw.factors(
            results,
            [("asker", "first"), ("asker", "second"), ("asker", "last"), ("all random", "last")],
            "The way of the gradient from the loss to the asker's kernels, in factors. In the "
            "first step it ends at the zero dense layer. That layer grows, and then the factors "
            "are those of a random network: the sigmoid's 1/4 or less is the smallest of both.",
        ),
        draw.ledgers(
            results,
            ["asker", "random kernels", "all random", "zero output"],
            "Which weight earned which share of what each step took off its own batch's loss: "
            "gradient times change, summed over the steps. With one convolution the dense layer "
            "does nearly all of the work, whatever the start; a deeper network shares it out.",
        ),
        draw.gradients(
            results,
            ["asker", *deep],
            "Norm of each kernel's gradient. One zero dense layer holds back what is in front of "
            "it for one step; two of them hold each other down, with ReLU for ever.",
        ),
        draw.ratios(
            results,
            ["asker", "rate x 5", "random dense", "random kernels"],
            "How far one step moves a kernel, against the kernel; a rule of thumb wants 1e-3. "
            "What starts at 0 has no ratio in its first step.",
        ),
        draw.widths(
            results,
            ["asker", *deep],
            "How many units of a layer differ. Units that start equal, read the same and are read "
            "by equal weights stay one unit.",
        ),
        draw.first_layer(
            results,
            ["asker", "random kernels"],
            "The first kernels before and after training. The asker's eight unit matrices move "
            "little, and stay equal.",
        ),
    ]


STUDY = Study(
    name="zero-init",
    title="zero dense layers: what gets a gradient of exactly 0, and what lowers the loss",
    question=read.QUESTION,
    source=read.SOURCE,
    variants=VARIANTS,
    columns=read.COLUMNS,
    claims=claims,
    answer=answer,
    advice=advice,
    figures=figures,
)
