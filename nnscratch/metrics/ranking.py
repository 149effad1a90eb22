"""AUC: how well predictions put what is true before what is not, whatever the threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnscratch.core.arguments import flag, whole
from nnscratch.core.context import Context
from nnscratch.core.errors import look_up
from nnscratch.kernels.ops import Array
from nnscratch.metrics.base import Metric, State, check_shape, divide, weights_like

__all__ = ["AUC"]


@dataclass(frozen=True)
class AUC(Metric):
    """The area under the curve that a threshold draws, going from 0 to 1 in equal steps.

    "ROC": the share of what is true that lies above it, against that of what is not; half of it is
    chance. "PR": precision against recall. Between two thresholds, as Keras's
    summation_method="interpolation": straight lines, and for "PR" straight growth of both counts
    (Davis & Goadrich 2006, "The relationship between precision-recall and ROC curves").

    All numbers of y_pred count alike, between 0 and 1, or logits; NaN counts as 0. Targets
    above 0.5 are true.

    Raises:
        ArgumentError: fewer than two thresholds, or from_logits is neither True nor False.
        UnknownNameError: there is no such curve.
    """

    num_thresholds: int = 200
    curve: str = "ROC"
    from_logits: bool = field(default=False, kw_only=True)
    name: str = field(default="auc", kw_only=True)

    def __post_init__(self) -> None:
        whole(f"{self.name} num_thresholds", self.num_thresholds, 2)
        flag(f"{self.name} from_logits", self.from_logits)
        look_up(f"curve of {self.name}", self.curve, {"ROC": None, "PR": None})

    def init(self, ctx: Context) -> State:
        """Nothing between any two thresholds."""
        count = self.num_thresholds + 1
        return {name: ctx.xp.zeros(count, "float64") for name in ("positives", "negatives")}

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add, for each number of thresholds, how much lies above that many."""
        check_shape(self.name, y_true, y_pred.shape)
        p = ctx.k.sigmoid(y_pred) if self.from_logits else y_pred
        known = ctx.xp.clip(ctx.xp.where(p == p, p, p.dtype.type(0)), 0, 1)
        places = ctx.xp.searchsorted(ctx.xp.asarray(self._thresholds(p.dtype)), known.reshape(-1))
        weights = weights_like(ctx, p, sample_weight)
        parts = {"positives": weights * (y_true > 0.5), "negatives": weights * (y_true <= 0.5)}
        return {
            name: state[name]
            + ctx.xp.bincount(places, part.reshape(-1), minlength=self.num_thresholds + 1)
            for name, part in parts.items()
        }

    def result(self, state: State) -> float:
        """The area; NaN where nothing is true, or all is."""
        names = ("positives", "negatives")
        counts = [np.asarray(state[name].tolist()) for name in names]
        hits, false_alarms = (count[::-1].cumsum()[-2::-1] for count in counts)  # above each
        if self.curve == "ROC":
            recall, fall_out = (rates(above) for above in (hits, false_alarms))
            return float(np.sum((fall_out[:-1] - fall_out[1:]) * (recall[:-1] + recall[1:]) / 2))
        return precision_recall_area(hits, false_alarms, float(counts[0].sum()))

    def _thresholds(self, dtype: Any) -> Array:
        """From just below 0 to just above 1."""
        inner = np.arange(1, self.num_thresholds - 1) / (self.num_thresholds - 1)
        return np.array([-1e-7, *inner, 1 + 1e-7]).astype(dtype)


def precision_recall_area(hits: Array, false_alarms: Array, true: float) -> float:
    """The area under precision against recall, from counts above falling thresholds.

    Between two thresholds the hits grow by `slope` for each thing more that is said yes to. With
    rest = hits - slope said, precision is slope + rest / said, whose integral over `said` is
    gained + rest log(said / said before).
    """
    said = hits + false_alarms
    gained, more = hits[:-1] - hits[1:], said[:-1] - said[1:]
    slope = np.divide(gained, more, out=np.zeros_like(more), where=more > 0)
    rest = hits[1:] - slope * said[1:]
    growth = np.divide(said[:-1], said[1:], out=np.ones_like(more), where=said[1:] > 0)
    return divide(float(np.sum(slope * (gained + rest * np.log(growth)))), true)


def rates(above: Array) -> Array:
    """Counts as shares of the first, which is all; NaN of nothing."""
    return above / above[0] if above[0] else np.full(above.shape, math.nan)
