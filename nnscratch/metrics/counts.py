"""Precision, recall and F1: of what was said yes to, and of what should have been."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from nnscratch.core.arguments import number, positive, whole
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError, look_up
from nnscratch.kernels.ops import Array
from nnscratch.metrics.base import (
    Metric,
    State,
    check_shape,
    divide,
    weights_like,
    zeros,
)

__all__ = ["F1Score", "Precision", "Recall"]


class Counts(Metric):
    """Base of metrics of yes and no: they count, for each class, what was said and what was true.

    Targets are 0 or 1 for each number of y_pred, or class numbers, which count as one-hot rows.
    """

    @abstractmethod
    def said(self, ctx: Context, y_pred: Array) -> Array:
        """Where a prediction says yes, (N, ..., K)."""

    def init(self, ctx: Context) -> State:
        """No rows yet: sums over as many classes as there will be."""
        return zeros(ctx, "hits", "false_alarms", "misses", "count")

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch's counts, (K,) each."""
        if y_true.shape == y_pred.shape[:-1]:
            y_true = y_true[..., None] == ctx.xp.arange(y_pred.shape[-1])
        check_shape(self.name, y_true, y_pred.shape)
        said, true = self.said(ctx, y_pred), y_true.astype("float64")
        weights = weights_like(ctx, true, sample_weight)
        terms = {
            "hits": weights * said * true,
            "false_alarms": weights * said * (1 - true),
            "misses": weights * ~said * true,
            "count": weights,
        }
        rows = tuple(range(true.ndim - 1))
        return {name: state[name] + ctx.xp.sum(term, axis=rows) for name, term in terms.items()}


@dataclass(frozen=True)
class Threshold(Counts):
    """Base of Precision and Recall, which say yes above a threshold, and add all classes up.

    Raises:
        ArgumentError: an argument makes no sense.
    """

    thresholds: float | None = None
    """Yes above it. None: 0.5, or, with top_k, none. Keras takes several as well."""
    top_k: int | None = None
    """Yes to the k largest of a row only."""
    class_id: int | None = None
    """Count this class only."""

    def __post_init__(self) -> None:
        if self.thresholds is not None:
            number(f"{self.name} thresholds", self.thresholds)
        if self.top_k is not None:
            positive(f"{self.name} top_k", self.top_k)
        if self.class_id is not None:
            whole(f"{self.name} class_id", self.class_id, 0)

    def said(self, ctx: Context, y_pred: Array) -> Array:
        """Above the threshold, and among the largest."""
        yes: Array = y_pred == y_pred
        if self.thresholds is not None or self.top_k is None:
            yes = y_pred > (0.5 if self.thresholds is None else self.thresholds)
        if self.top_k is not None:
            order = (-y_pred).argsort(axis=-1, kind="stable").argsort(axis=-1)
            yes = yes & (order < self.top_k)
        return yes

    def chosen(self, state: State, name: str) -> float:
        """The count of that name, over all classes or of the one."""
        counts = state[name].reshape(-1)
        if self.class_id is not None and counts.size > 1:
            counts = counts[self.class_id : self.class_id + 1]
        return float(counts.sum())

    def share(self, state: State, others: str) -> float:
        """Hits among hits and others; 0 where there are neither, as in Keras, NaN without rows."""
        hits = self.chosen(state, "hits")
        if hits == 0 and self.chosen(state, "count"):
            return 0.0
        return divide(hits, hits + self.chosen(state, others))

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch's counts.

        Raises:
            ShapeError: there is no such class, or targets or weights do not fit the predictions.
        """
        if self.class_id is not None and self.class_id >= y_pred.shape[-1]:
            raise ShapeError(
                f"metric {self.name}: class_id is {self.class_id}, but predictions {y_pred.shape} "
                f"have {y_pred.shape[-1]} classes"
            )
        return super().update(ctx, state, y_pred, y_true, sample_weight)


@dataclass(frozen=True)
class Precision(Threshold):
    """Of what was said yes to, the share that is true; 0 where nothing was said yes to."""

    name: str = field(default="precision", kw_only=True)

    def result(self, state: State) -> float:
        """Hits / (hits + false alarms)."""
        return self.share(state, "false_alarms")


@dataclass(frozen=True)
class Recall(Threshold):
    """Of what is true, the share that was said yes to; 0 where nothing is true."""

    name: str = field(default="recall", kw_only=True)

    def result(self, state: State) -> float:
        """Hits / (hits + misses)."""
        return self.share(state, "misses")


@dataclass(frozen=True)
class F1Score(Counts):
    """The harmonic mean of precision and recall, 2 hits / (2 hits + false alarms + misses).

    Of each class, and of these the mean ("macro"), the mean weighted by how often each is true
    ("weighted"), or that of all classes' counts together ("micro"). A class that is neither true
    nor said yes to scores 0.

    Differs from Keras, whose average=None, the default there, reports every class; a metric here
    is one number.

    Raises:
        UnknownNameError: there is no such average.
        ArgumentError: the threshold is no number.
    """

    average: str = "macro"
    threshold: float | None = None
    """Yes above it. None: yes to the largest of a row, if it is not 0; all of them if equal."""
    name: str = field(default="f1_score", kw_only=True)

    def __post_init__(self) -> None:
        look_up("average of f1_score", self.average, dict.fromkeys(("macro", "micro", "weighted")))
        if self.threshold is not None:
            number(f"{self.name} threshold", self.threshold)

    def said(self, ctx: Context, y_pred: Array) -> Array:
        """Above the threshold, or the largest.

        Raises:
            ShapeError: of a single number, the largest is always it.
        """
        if self.threshold is not None:
            above: Array = y_pred > self.threshold
            return above
        if y_pred.shape[-1] == 1:
            raise ShapeError(
                f"metric {self.name}: of one number {y_pred.shape} the largest is always it; say "
                "from where on it means yes: F1Score(threshold=0.5)"
            )
        largest: Array = y_pred >= ctx.xp.max(y_pred, axis=-1, keepdims=True)
        return largest & (abs(y_pred) > 1e-9)

    def result(self, state: State) -> float:
        """The average of the classes' scores."""
        names = ("hits", "false_alarms", "misses", "count")
        hits, false_alarms, misses, count = (state[name].reshape(-1).tolist() for name in names)
        if not sum(count):
            return divide(0, 0)
        if self.average == "micro":
            return score(sum(hits), sum(false_alarms) + sum(misses))
        scores = [score(h, f + m) for h, f, m in zip(hits, false_alarms, misses, strict=True)]
        weights = [1.0] * len(hits)
        if self.average == "weighted":
            weights = [h + m for h, m in zip(hits, misses, strict=True)]
        products = (s * w for s, w in zip(scores, weights, strict=True))
        return sum(products) / sum(weights) if sum(weights) else 0.0


def score(hits: float, wrong: float) -> float:
    """2 hits / (2 hits + wrong), and 0 without any."""
    return 2 * hits / (2 * hits + wrong) if hits else 0.0
