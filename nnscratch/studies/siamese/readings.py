"""Reading the measurements of the siamese study: the numbers that claims and tables speak of."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnscratch.studies.study import Measurements, Results

QUESTION = (
    "A siamese network (seven ELU convolutions, global max pooling, L1 distance, one sigmoid unit) "
    "is trained with binary cross-entropy. In TensorBoard's histograms the kernels barely change "
    "while the biases do; the loss falls, but the accuracy is frozen for some epochs, then shoots "
    "up. \u201cIf this is caused by vanishing gradient, why would it appear in such a small model "
    "and why are biases still updated well? Why is accuracy behaving in such a way?\u201d"
)
SOURCE = "question 000_f7f29a5e573d4318, asked on Data Science, topic siamese-networks"

EMBEDDER = "embedder/"
CEILING = 0.5 * 16.11809565
"""The loss of batches of which one half is answered wrongly, beyond the clip: -ln(1e-7) / 2."""


def weight(measured: Measurements, path: str) -> Mapping[str, Any]:
    """All that was measured of one weight."""
    table: Mapping[str, Any] = measured["weights"][path]
    return table


def convolutions(measured: Measurements, group: str) -> dict[str, Mapping[str, Any]]:
    """What was measured of the embedder's "kernels" or "biases", by path."""
    return {
        path: table
        for path, table in measured["weights"].items()
        if path.startswith(EMBEDDER) and table["group"] == group
    }


def mean(measured: Measurements, group: str, what: str) -> float:
    """A measurement's mean over the embedder's "kernels" or "biases"."""
    return statistics.fmean(table[what] for table in convolutions(measured, group).values())


def last_bias(measured: Measurements) -> str:
    """The path of the last convolution's biases."""
    return list(convolutions(measured, "biases"))[-1]


def share(measured: Measurements, group: str) -> float:
    """The part of the embedder's "kernels" or "biases" in the fall of the batches' losses."""
    shares = measured["ledger"]["shares"]
    return float(sum(shares[path] for path in convolutions(measured, group)))


def residual(measured: Measurements) -> float:
    """What the ledger misses, against what the losses really fell by."""
    ledger = measured["ledger"]
    return float(abs((ledger["total"] - ledger["real"]) / ledger["real"]))


def kept(shares: Mapping[str, Any]) -> float:
    """What cancellation leaves of the gradients of the two branches, as a part of them."""
    return float(shares["sum"] / sum(shares["branches"]))


def frozen_steps(measured: Measurements) -> int:
    """How many steps answered every pair of their batch alike, before the first that did not."""
    left = measured["left"]
    return int(measured["updates"] if left is None else left)


def frozen_epochs(measured: Measurements) -> int:
    """How many whole epochs that were."""
    epochs = len(measured["history"]["loss"])
    return frozen_steps(measured) * epochs // int(measured["updates"])


def largest_distance(values: Sequence[float], target: float) -> float:
    """Of some numbers from another: 0 only where all of them equal it; NaN where there are none."""
    return max((abs(value - target) for value in values), default=math.nan)


def frozen_accuracy(measured: Measurements) -> float:
    """How far the accuracy is from 1/2, at most, in the frozen epochs."""
    return largest_distance(measured["history"]["accuracy"][: frozen_epochs(measured)], 0.5)


def frozen_loss(measured: Measurements) -> float:
    """The loss of the last frozen epoch, against that of the first; NaN where none is frozen."""
    losses = measured["history"]["loss"][: frozen_epochs(measured)]
    return float(losses[-1] / losses[0]) if losses else math.nan


def while_frozen(measured: Measurements, what: str) -> tuple[float, float]:
    """A measurement on unseen pairs, before training and after the last frozen epoch."""
    course = measured["unseen"][what]
    return course[0], course[frozen_epochs(measured)]


def gain(measured: Measurements, epochs: int) -> float:
    """By how much the ranking of unseen pairs grew in the first epochs."""
    ranking = measured["unseen"]["ranking"]
    return float(ranking[epochs] - ranking[0])


def common_epochs(results: Results) -> int:
    """The number of epochs that all variants were trained for."""
    return min(len(measured["history"]["loss"]) for measured in results.values())


def common_loss(results: Results, name: str) -> float:
    """A variant's loss in the last of that many epochs."""
    return float(results[name]["history"]["loss"][common_epochs(results) - 1])


def common_accuracy(results: Results, name: str) -> float:
    """A variant's accuracy on unseen pairs after that many epochs."""
    return float(results[name]["unseen"]["accuracy"][common_epochs(results)])


def misplaced(measured: Measurements) -> int:
    """Steps in which the answers differ but the threshold lies outside, or the other way round."""
    course = measured["course"]
    columns = ("weight", "bias", "nearest", "farthest", "answered_same")
    return sum(
        (nearest < -bias / weight < farthest) != (0 < same < 1)
        for weight, bias, nearest, farthest, same in zip(
            *(course[column] for column in columns), strict=True
        )
    )


def speed(measured: Measurements) -> float:
    """How far the bias moved per frozen step, against the learning rate; NaN where none is."""
    if not (steps := frozen_steps(measured)):
        return math.nan
    way = measured["course"]["bias"][steps - 1]  # of the updates before that step
    return float(way / max(steps - 1, 1) / measured["learning_rate"])


def answered(measured: Measurements) -> str:
    """When the answers began to differ, in words."""
    return "never" if measured["left"] is None else f"step {measured['left']}"


COLUMNS: Mapping[str, Callable[[Measurements], str]] = {
    "loss": lambda measured: f"{measured['history']['loss'][-1]:.3f}",
    "answers differ": answered,
    "acc. unseen": lambda measured: f"{measured['unseen']['accuracy'][-1]:.3f}",
    "if centred": lambda measured: f"{measured['unseen']['centred'][-1]:.3f}",
    "ranking": lambda measured: f"{measured['unseen']['ranking'][-1]:.3f}",
}
"""What the study's table shows of a variant."""
