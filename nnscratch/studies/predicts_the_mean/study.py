"""A network that predicts the mean: causes that look alike, and what tells them apart.

The mean of the targets is the best constant, and the first thing that any network learns: it
takes nothing but the last bias. To get beyond it needs targets that depend on the images, a
signal that reaches the last layer, a gradient that comes back, and steps that fit. Where one of
these is missing the answers are a constant. What remains to look for is measured in this order:

* does anything explain the targets? A linear function of the pixels needs no training;
* is the sigmoid flat? Then nothing comes back;
* does the first batch norm give its output a deviation of 1? Not where the variance of its input
  is far below epsilon;
* do training mode and inference agree? Batch norm takes the batch's moments in the one, and
  moving averages in the other, which begin at variance 1 and keep `momentum` of it in each step.
  Where the true variance is small, as behind small gammas, they divide by far too much, in one
  layer after the other, which leaves a constant.

What is left then is the steps themselves.
"""

from __future__ import annotations

from dataclasses import replace

import nnscratch as nn
from nnscratch.studies.predicts_the_mean import advice as say
from nnscratch.studies.predicts_the_mean import figures as draw
from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.predicts_the_mean import tables as write
from nnscratch.studies.predicts_the_mean.claims import claims
from nnscratch.studies.predicts_the_mean.net import ADAM, L2, LONGER, SHORT, SMALL_GAMMAS, Net
from nnscratch.studies.predicts_the_mean.training import variant
from nnscratch.studies.study import Figure, Results, Study

SGD = nn.SGD(0.01, momentum=0.9, nesterov=True)
"""As in the examples of Keras 0.3; the asker says nothing but "optimisers"."""
SGD_FAST = nn.SGD(0.3, momentum=0.9, nesterov=True)
ASKER = Net(norm="early", gammas=SMALL_GAMMAS, optimizer=SGD, epochs=LONGER)
HEALTHY = Net()
SLOW = replace(HEALTHY, momentum=0.999, epochs=SHORT)
SMALL = replace(SLOW, gammas=SMALL_GAMMAS)
TINY = replace(HEALTHY, scale=1e-12, epochs=LONGER)
FAST = replace(HEALTHY, optimizer=nn.Adam(1.0), epochs=SHORT)

VARIANTS = (
    variant("asker", "the batch norm of Keras 0.3, SGD 0.01, Nesterov's momentum", ASKER),
    variant("asker, relu", "ReLU for PReLU", replace(ASKER, activation="relu")),
    variant("asker, adam", "Adam 0.001", replace(ASKER, optimizer=ADAM)),
    variant("asker, rate x 30", "SGD 0.3", replace(ASKER, optimizer=SGD_FAST)),
    variant("today, rate x 30", "and today's batch norm", replace(HEALTHY, optimizer=SGD_FAST)),
    variant("healthy", "today's batch norm, Adam 0.001", HEALTHY),
    variant("shuffled", "every image has another one's targets", replace(HEALTHY, shuffled=True)),
    variant("tiny inputs", "pixels times 1e-12", TINY),
    variant("tiny, standardised", "and then standardised", replace(TINY, standardised=True)),
    variant("rate x 1000", "Adam 1", FAST),
    variant("rate x 1000, linear", "without the sigmoid", replace(FAST, answer="linear")),
    variant("small gammas", "gammas within 0.05, momentum 0.999 of the averages", SMALL),
    variant("small, one target", "symmetry alone", replace(SMALL, targets=("symmetry",))),
    variant("small, absolute", "mean absolute error", replace(SMALL, loss="mean_absolute_error")),
    variant("small, momentum 0.9", "faster averages", replace(SMALL, momentum=0.9)),
    variant("slow averages", "momentum 0.999, gammas of 1", SLOW),
    variant("no batch norm", "none at all", replace(HEALTHY, norm=None, epochs=SHORT)),
    variant("penalty", "L2 of 0.01 on all kernels", replace(HEALTHY, l2=L2)),
)


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    alike = ["healthy", "shuffled", "tiny inputs", "rate x 1000", "small gammas", "asker"]
    return [
        draw.answers(
            results,
            alike,
            "Answers against targets (symmetry), one point for each image. On the diagonal all are "
            "right; a horizontal line answers the same for every image.",
        ),
        draw.errors(
            results,
            alike,
            "The squared error against that of the best constant, before training and after each "
            "epoch. 1 is the mean.",
        ),
        draw.ways(
            results,
            ["asker", "healthy", "tiny inputs"],
            "What the layers of each kind together let through of the gradient in the first step, "
            "from the loss to the first convolution.",
        ),
        draw.steps(
            results,
            ["asker", "healthy"],
            "The median step of each kernel against the kernel itself. It gets smaller towards the "
            "input in a healthy network, too.",
        ),
    ]


STUDY = Study(
    name="predicts-the-mean",
    title="it predicts the mean: causes that look alike, and what tells them apart",
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
