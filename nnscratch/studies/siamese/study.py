"""A siamese network whose accuracy stands still while its loss falls, and then jumps.

Its logit is w d + b: w and b are one number each, and d is the distance of two embeddings. So its
answer changes at d = -b/w, and accuracy only sees on which side of that threshold distances lie.
As b starts at 0, so does the threshold, below all distances; to reach them b has to grow to |w|
times the smallest, and Adam moves it by about the learning rate per step. The loss need not wait:
it falls as soon as distances shrink, and as those of one class become smaller than the others.
Where w starts positive, the nearest pairs are those most surely said to differ. The loss falls
there, too, while the network unlearns what a random one can do.

Biases of the last convolution move both embeddings alike wherever the ELU behind them is the
identity. Their gradients from the two branches cancel, exactly so where that holds for all pairs.
"""

from __future__ import annotations

from dataclasses import replace

import nnscratch as nn
from nnscratch.studies.siamese import figures as draw
from nnscratch.studies.siamese import readings as read
from nnscratch.studies.siamese.advice import advice, answer
from nnscratch.studies.siamese.claims import claims
from nnscratch.studies.siamese.net import LONG, UNTIL_IT_MOVES, Net, Signed
from nnscratch.studies.siamese.tables import tables
from nnscratch.studies.siamese.training import variant
from nnscratch.studies.study import Figure, Results, Study

NET = Net()
ASKER = Net(epochs=UNTIL_IT_MOVES, inspected=True, ledger=True)
OTHER_SIGN = Net(weight=Signed(+1), epochs=LONG, inspected=True)
CALIBRATED = Net(calibrated=True, inspected=True)
RAW = replace(NET, white=255.0, weight=nn.initializers.Constant(-1.0))

VARIANTS = (
    variant(
        "asker", "Adam 0.001; w happens to start negative", replace(ASKER, epochs=UNTIL_IT_MOVES)
    ),
    variant("other sign", "w starts positive", OTHER_SIGN),
    variant("SGD", "SGD 0.01", replace(ASKER, optimizer=nn.SGD(0.01), epochs=LONG)),
    variant("kernels held", "the embedder's biases learn alone", replace(NET, held="kernel")),
    variant("biases held", "its kernels learn alone", replace(NET, held="bias")),
    variant("rate / 10", "learning rate 0.0001", replace(NET, optimizer=nn.Adam(0.0001))),
    variant("rate x 10", "learning rate 0.01", replace(NET, optimizer=nn.Adam(0.01))),
    variant("batch norm", "it precedes every ELU", replace(NET, batch_norm=True)),
    variant("He", "He's normal kernels", replace(NET, kernels="he_normal")),
    variant("ReLU", "ReLU for the ELU", replace(NET, activation="relu")),
    variant("mean distance", "a mean instead of a sum", replace(NET, mean=True)),
    variant("unit length", "embeddings of length 1", replace(NET, unit_length=True)),
    variant("small w", "w = -0.05", replace(NET, weight=nn.initializers.Constant(-0.05))),
    variant("contrastive", "contrastive loss, fixed threshold", replace(NET, contrastive=True)),
    variant("calibrated", "w and b start among the distances", CALIBRATED),
    variant("raw pixels", "pixels of 0 to 255, w = -1", RAW),
    variant("raw, clipped", "clipped probabilities besides", replace(RAW, probabilities=True)),
)


def figures(results: Results) -> list[Figure]:
    """What to look at."""
    asker, names = results["asker"], ("asker", "other sign", "SGD", "calibrated")
    return [
        draw.curves(
            results,
            names,
            "What the asker saw: the loss falls, the accuracy is exactly 0.5, then rises. Of two "
            "such networks one learns to rank unseen pairs and the other unlearns it, which "
            "neither loss nor accuracy shows.",
        ),
        draw.thresholds(
            results,
            names,
            "The threshold and the distances of each batch. Accuracy leaves 0.5 in the step in "
            "which the line enters the grey.",
        ),
        draw.histograms(
            asker,
            "The asker's weights before and after training, as TensorBoard draws them. Kernels "
            "have moved like biases, but they start from a spread, and biases from 0.",
        ),
        draw.earnings(
            results,
            ("asker", "SGD"),
            "Who lowered the loss: the sum of gradient times change, with the gradient's mean over "
            "each step.",
        ),
        draw.cancellation(
            asker,
            "What is left of the gradients of the two branches when they are added: 1 where they "
            "agree. Those of the last biases cancel.",
        ),
    ]


STUDY = Study(
    name="siamese",
    title="a frozen accuracy and kernels that seem not to learn: a threshold and a histogram",
    question=read.QUESTION,
    source=read.SOURCE,
    variants=VARIANTS,
    columns=read.COLUMNS,
    claims=claims,
    answer=answer,
    advice=advice,
    figures=figures,
    tables=tables,
)
