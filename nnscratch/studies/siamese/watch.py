"""Watching a siamese network learn: its distances and answers, and what reaches its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.core.store import host
from nnscratch.inspect.attenuation import attenuation
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.shares import shares
from nnscratch.kernels.ops import Array
from nnscratch.studies.siamese.net import Pairs

CLIPPED = -math.log(1e-7)
"""Beyond this logit Keras's clip moves the probability, and the loss of a wrong one stays here."""

Logs = dict[str, float]


class Watch(nn.Callback):
    """Keeps numbers by name, one after the other."""

    model: nn.Model

    def __init__(self) -> None:
        self.course: dict[str, list[float]] = {}

    def keep(self, **numbers: float | np.floating[Any]) -> None:
        """Append a number to each course."""
        for name, number in numbers.items():
            self.course.setdefault(name, []).append(float(number))

    def state(self) -> Mapping[str, Any]:
        """The courses so far."""
        return {name: list(numbers) for name, numbers in self.course.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self.course = {name: list(numbers) for name, numbers in state.items()}


class Answers(Watch):
    """At each step: where the threshold lies, where the batch's distances, and what follows.

    weakest, strongest: the smallest and the largest |dloss/dlogit| of a pair that is answered
        wrongly with more certainty than the clip of probabilities allows; NaN without any.
    """

    needs = frozenset({"inputs", "output", "output_gradient"})

    def on_step(self, step: nn.Step) -> None:
        """Look at the batch."""
        call, same = step["output"], host(step.batch.targets[0])[:, 0] == 1  # (N,)
        d, logits = host(call.inputs[0])[:, 0], host(call.output)[:, 0]  # (N,)
        wrong = np.where(same, -logits, logits) > CLIPPED
        slopes = len(same) * np.abs(host(call.output_gradient)[wrong, 0])
        self.keep(
            loss=step.loss,
            weight=self.model.params["output/kernel"].item(),
            bias=self.model.params["output/bias"].item(),
            nearest=np.min(d),
            farthest=np.max(d),
            same=np.mean(d[same]),
            different=np.mean(d[~same]),
            answered_same=np.mean(logits > 0),
            weakest=min(slopes, default=math.nan),
            strongest=max(slopes, default=math.nan),
        )


class Unseen(Watch):
    """Before training and after each epoch: distances and answers for pairs of other images.

    accuracy: the share of pairs that w d + b > 0 answers right.
    centred: the same with the threshold at the median distance.
    ranking: how often, of two pairs, that of one class is nearer than that of two (area under
        the ROC curve).

    Args:
        gauge: a model that ends in the distance.
        pairs: to measure.
    """

    def __init__(self, gauge: nn.Model, pairs: Pairs):
        super().__init__()
        self.gauge = gauge
        self.images, same = pairs
        self.same = same[:, 0] == 1  # (N,)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Look at the untrained network."""
        self._look()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look again."""
        self._look()

    def _look(self) -> None:
        d = self.gauge.predict(self.images, verbose=0)[:, 0]  # (N,)
        weight, bias = (self.model.params[f"output/{name}"].item() for name in ("kernel", "bias"))
        answers, centred = weight * d + bias > 0, d < np.median(d)
        self.keep(
            accuracy=np.mean(answers == self.same),
            centred=np.mean(centred == self.same),
            ranking=ranking(d, self.same),
        )


def ranking(d: Array, same: Array) -> float:
    """How often a pair of one class is nearer than one of two; ties count half."""
    near, far = d[same][:, np.newaxis], d[~same]  # (S, 1), (D,)
    return float(np.mean(near < far) + np.mean(near == far) / 2)


class Ways(Watch):
    """In the first step of each epoch: what reaches the first and the last convolution.

    first, last: norm of dloss/doutput of the first call of that convolution.
    blind: the share of features that are positive for both images of every pair.
    blind_gradient: the largest gradient of a bias of the last convolution behind one of these.
        There the ELU is the identity: the bias moves both embeddings alike, and their difference
        not at all.

    Args:
        convolutions: how many the embedder has.
    """

    needs = frozenset({"output", "output_gradient", "input_gradients", "param_gradients"})

    def __init__(self, convolutions: int):
        super().__init__()
        self.first, self.last = "embedder/conv_1", f"embedder/conv_{convolutions}"
        self.way: list[dict[str, Any]] = []
        """The calls that the first step's gradient passes to the first convolution, in factors."""
        self.shares: dict[str, dict[str, Any]] = {}
        """By weight, what each branch contributes to that gradient: norms, and their sum's."""

    def state(self) -> Mapping[str, Any]:
        """All that was seen so far."""
        return {"course": super().state(), "way": self.way, "shares": self.shares}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        super().restore(state["course"])
        self.way, self.shares = list(state["way"]), dict(state["shares"])

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Remember which step of its epoch it is."""
        self._batch = batch

    def on_step(self, step: nn.Step) -> None:
        """Look at the first step."""
        if self._batch:
            return
        found = attenuation(step)
        way, last = found.path(f"{self.first}#0"), found.path(f"{self.last}#0")
        if not self.way:
            self.way = [{"call": h.key, "role": h.role, "factor": h.factor} for h in way.hops]
            self.shares = {
                path: {"branches": list(share.norms.values()), "sum": share.total}
                for path, share in shares(step).items()
            }
        features = [
            host(call.output) for call in step.calls.calls_of("embedder/features")
        ]  # 2 (N, C)
        blind = np.all(np.stack(features) > 0, axis=(0, 1))  # (C,)
        gradients = np.abs(host(step.gradient(f"{self.last}/bias"))[blind])
        self.keep(
            first=way.arrives,
            last=last.arrives,
            blind=np.mean(blind),
            blind_gradient=np.max(gradients, initial=0.0),
        )


class FirstSteps(Ledger):
    """A ledger of the first steps, where the loss falls most.

    Args:
        booked: how many.
        gradients: at how many places of each step.
    """

    def __init__(self, booked: int, gradients: int):
        super().__init__(gradients)
        self.booked = booked

    def on_step(self, step: nn.Step) -> None:
        """Book it, if it is one of them."""
        if step.index < self.booked:
            super().on_step(step)


class Hold(nn.Callback):
    """Puts weights back after every step, so that the others learn alone.

    Args:
        values: by path.
    """

    model: nn.Model

    def __init__(self, values: Mapping[str, Array]):
        self.values = values

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Put them back."""
        self.model.set_weights(self.values)
