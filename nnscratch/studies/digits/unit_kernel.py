"""Equal kernels: which units can ever become different, and which never.

Two units of a layer stay equal as long as (1) they started equal, (2) they read the same inputs,
and (3) whoever reads them treats them alike: then dL/dy is equal for both, and so are their
gradients, x.T @ dy. By induction over the steps they stay equal for ever. So a symmetry lives
where all three hold, and it is the consumers that decide:

* equal unit matrices read by a random dense layer: its rows differ, so the last convolution's
  filters separate in the first step;
* the convolution in front of that one: its filters are read through kernels that are equal for
  all input channels, and stay so, since equal channels give equal gradients: it never separates;
* read by a zero dense layer: its rows start equal and get equal gradients: nothing separates;
* dirac kernels copy channel i to filter i: what has no channel to copy is 0, and equal. With ReLU
  a zero filter is dead: output 0, gradient 0. With the sigmoid it says 1/2, to different readers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.digits import figures as draw
from nnscratch.studies.digits import readings as read
from nnscratch.studies.digits.net import ASKER, CLASSES, Net, build, variant
from nnscratch.studies.digits.readings import CONV, OUTPUT, first_factor, path, weight
from nnscratch.studies.digits.unit_kernel_claims import claims
from nnscratch.studies.study import Advice, Figure, Measurements, Results, Setting, Study
from nnscratch.studies.training import weights


@dataclass(frozen=True)
class NoisyUnitMatrix:
    """Unit matrices with a little noise on every weight."""

    stddev: float

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A float64 array (kh, kw, in, out)."""
        return nn.initializers.UnitMatrix()(shape, rng) + rng.normal(0.0, self.stddev, shape)


def narrow_twin(model: nn.Model, setting: Setting) -> Measurements:
    """How far a net of one filter, which adds its readers' weights up, is from the trained one."""
    trained = weights(model)
    kernel, readers = trained[CONV], trained[OUTPUT]
    by_filter = readers.reshape(-1, kernel.shape[-1], CLASSES)  # (H*W, filters, classes)
    narrow = build(replace(ASKER, filters=(1,)), setting)
    narrow.set_weights(
        {
            CONV: kernel[..., :1],  # (3, 3, 1, 1)
            "conv_1/bias": trained["conv_1/bias"][:1],
            OUTPUT: by_filter.sum(axis=1),  # (H*W, classes)
            "output/bias": trained["output/bias"],
        }
    )
    _, (x, _) = nn.datasets.digits()
    wide, single = (net.predict(x, verbose=0) for net in (model, narrow))
    return {"distance_to_one_filter": float(np.max(np.abs(wide - single)))}


UNIT = ("unit_matrix", "unit_matrix")
DIRAC = ("dirac", "dirac")
STACK = Net(kernels=UNIT, activation="relu", learning_rate=0.001)
"""Two convolutions. The rate is small because 8 unit matrices multiply what they read by 24."""
RANDOM = Net(activation="relu", learning_rate=0.1)
SIGMOID = Net(learning_rate=0.5)

VARIANTS = (
    variant("asker", "1 convolution of unit matrices, zero dense layer", ASKER, narrow_twin),
    variant(
        "equal readers",
        "2 such convolutions, zero dense layer, ReLU, SGD 0.001",
        replace(STACK, hidden=None, output="zeros"),
    ),
    variant("random readers", "2 random dense layers behind them", STACK),
    variant(
        "a little noise",
        "0.01 of normal noise on the unit matrices",
        replace(STACK, kernels=(NoisyUnitMatrix(0.01), NoisyUnitMatrix(0.01))),
    ),
    variant(
        "unit, sigmoid",
        "sigmoid for the ReLU, SGD 0.5",
        replace(SIGMOID, kernels=UNIT, ledger=2),
    ),
    variant("ones, sigmoid", "kernels of ones", replace(SIGMOID, kernels=("ones", "ones"))),
    variant("random, sigmoid", "Glorot's random kernels", replace(SIGMOID, ledger=2)),
    variant("dirac, sigmoid", "each filter copies a channel", replace(SIGMOID, kernels=DIRAC)),
    variant("dirac, relu", "ReLU, SGD 0.1", replace(RANDOM, kernels=DIRAC, ledger=3)),
    variant(
        "dirac branch",
        "random convolution, then one of dirac kernels in a residual branch",
        replace(RANDOM, filters=(8, 8), kernels=("glorot_uniform", "dirac"), residual=True),
    ),
    variant("random, relu", "Glorot's random kernels", replace(RANDOM, ledger=3)),
)


def answer(results: Results) -> str:
    """What to tell the asker."""
    asker, dirac = results["asker"], results["dirac, relu"]
    return (
        "Your filters start equal, read the same image and are read by equal weights, so they get "
        f"equal gradients: after {asker['updates']} updates all 8 are one filter still, and a net "
        "with a single one computes the same to "
        f"{asker['distance_to_one_filter']:.0e}. A layer is as wide as the number of its "
        "different filters, whatever its width says. Any random start breaks this; unit kernels "
        "in the sense of dirac break it only for as many filters as there are input channels "
        f"({weight(dirac, CONV)['live_after']} of 8 here), and are fine in a residual branch."
    )


def advice(results: Results) -> list[Advice]:
    """What is advised, and what came of it."""
    unit, random = results["unit, sigmoid"], results["random, sigmoid"]
    second = "conv_2_sigmoid#0"
    return [
        Advice(
            "The gradient vanishes on its way to the first layer.",
            "only in a deeper net",
            f"One sigmoid lets {first_factor(unit, 'conv_1_sigmoid#0'):.2f} through. Behind a "
            f"second layer of unit matrices it is {first_factor(unit, second):.0e}: they add up 8 "
            "equal channels, and the sigmoid is flat there. The layers with weights do not dim the "
            f"gradient: together they enlarge it {path(unit, 'first')['roles']['weights']:.1f} "
            f"times. With random kernels the same sigmoid lets {first_factor(random, second):.2f} "
            "through, so it is the start, not the depth.",
        ),
        Advice(
            "If all neurons of a layer have the same value, they behave alike: start at random.",
            "supported",
            "And exactly so: equal filters with equal readers differ by "
            f"{weight(results['equal readers'], CONV)['spread_after']:g} after training. It is "
            "said of the dense layers, but the kernels are the ones that never recover; noise of "
            "0.01 is enough.",
        ),
    ]


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    stacks = ["equal readers", "random readers", "a little noise"]
    return [
        draw.first_layer(
            results,
            ["asker", "dirac, relu", "random, relu"],
            "The first kernels before and after training. Equal ones move together; of the dirac "
            "kernels 7 have no channel to copy and stay 0.",
        ),
        draw.widths(
            results,
            [*stacks, "dirac, relu"],
            "How many units of a layer differ. The last convolution separates in the first step "
            "where its readers differ, the first one never; dirac kernels stay at 2 of 8.",
        ),
        draw.factors(
            results,
            [("unit, sigmoid", "first"), ("ones, sigmoid", "first"), ("random, sigmoid", "first")],
            "The way of the gradient from the loss to the first kernels, in factors. Large equal "
            "kernels add up, and the sigmoid behind the second of them is flat: it lets next to "
            "nothing through, or exactly nothing. The layers with weights dim nothing.",
        ),
        draw.ledgers(
            results,
            ["unit, sigmoid", "random, sigmoid", "dirac, relu", "random, relu"],
            "Which weight earned which share of what each step took off its own batch's loss: "
            "gradient times change, summed over the steps. Behind unit matrices the dense layers "
            "earn all of it.",
        ),
        draw.gradients(
            results,
            ["random readers", "unit, sigmoid", "ones, sigmoid", "random, sigmoid"],
            "Norm of each kernel's gradient. Large equal kernels add up, and the sigmoid behind "
            "them lets next to nothing through, or nothing.",
        ),
        draw.ratios(
            results,
            ["asker", "dirac, relu", "dirac branch", "random, relu"],
            "How far one step moves a kernel, against the kernel. It shows no symmetry: equal "
            "filters move like others.",
        ),
    ]


STUDY = Study(
    name="unit-kernel",
    title="equal kernels: which filters ever become different, and which never",
    question=read.QUESTION,
    source=read.SOURCE,
    variants=VARIANTS,
    columns=read.COLUMNS,
    claims=claims,
    answer=answer,
    advice=advice,
    figures=figures,
)
