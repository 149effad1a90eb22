"""Accuracies: how often a prediction is right."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnscratch.core.arguments import positive
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Shape
from nnscratch.metrics.base import Mean, State

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ClassAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
]


@dataclass(frozen=True)
class BinaryAccuracy(Mean):
    """How often y_pred > threshold agrees with a target that is 0 or 1, of all N*...*K numbers.

    As in Keras the threshold is meant for probabilities, and stays 0.5 when predictions are
    logits: there BinaryAccuracy(threshold=0) asks the same question as 0.5 does of sigmoid(y).

    Differs from Keras, which refuses thresholds that are not between 0 and 1.
    """

    name: str = "binary_accuracy"
    threshold: float = 0.5

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where prediction and target agree."""
        agree: Array = (y_pred > self.threshold) == y_true  # (N, ..., K)
        return agree


@dataclass(frozen=True)
class CategoricalAccuracy(Mean):
    """How often the largest of K predictions is that of the one-hot target; the first if equal."""

    name: str = "categorical_accuracy"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where the places of the largest numbers agree."""
        agree: Array = y_pred.argmax(axis=-1) == y_true.argmax(axis=-1)  # (N, ...)
        return agree


@dataclass(frozen=True)
class SparseCategoricalAccuracy(Mean):
    """How often the largest of K predictions is that of the class; the first if equal."""

    name: str = "sparse_categorical_accuracy"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where the place of the largest number is the target's."""
        agree: Array = y_pred.argmax(axis=-1) == y_true  # (N, ...)
        return agree

    def target_shape(self, shape: Shape) -> Shape:
        """Without the axis of classes."""
        return shape[:-1]


@dataclass(frozen=True)
class ClassAccuracy(CategoricalAccuracy):
    """SparseCategoricalAccuracy of targets without an axis of classes, else CategoricalAccuracy.

    What "accuracy" means beside a custom loss, which may read either.
    """

    name: str = "accuracy"

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch to the sums of the one or the other."""
        if y_true.ndim < y_pred.ndim:
            sparse = SparseCategoricalAccuracy(self.name)
            return sparse.update(ctx, state, y_pred, y_true, sample_weight)
        return super().update(ctx, state, y_pred, y_true, sample_weight)


@dataclass(frozen=True)
class TopK(Mean):
    """Base of the accuracies that allow k guesses.

    Raises:
        ArgumentError: k is not a positive whole number.
    """

    k: int = 5

    def __post_init__(self) -> None:
        positive(f"{self.name} k", self.k)

    def hits(self, y_pred: Array, rights: Array) -> Array:
        """Where fewer than k of y_pred (N, ..., K) are larger than the right one, (N, ..., 1)."""
        hits: Array = ((y_pred > rights).sum(axis=-1) < self.k) & (rights == rights)[..., 0]
        return hits  # (N, ...); of NaN it is not known


@dataclass(frozen=True)
class TopKCategoricalAccuracy(TopK):
    """How often the class of the one-hot target is among the k largest of K predictions.

    Where several are equal to the k-th, all of them are among the k, as in Keras.
    """

    name: str = field(default="top_k_categorical_accuracy", kw_only=True)

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where it is."""
        place = y_true.argmax(axis=-1)[..., None]  # (N, ..., 1)
        return self.hits(y_pred, taken(y_pred, place))


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(TopK):
    """How often the class is among the k largest of K predictions.

    Where several are equal to the k-th, all of them are among the k, as in Keras.
    """

    name: str = field(default="sparse_top_k_categorical_accuracy", kw_only=True)

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where it is."""
        return self.hits(y_pred, taken(y_pred, y_true.astype("int64")[..., None]))

    def target_shape(self, shape: Shape) -> Shape:
        """Without the axis of classes."""
        return shape[:-1]


def taken(y_pred: Array, place: Array) -> Array:
    """The predictions (N, ..., 1) at these places of the last axis."""
    return np.take_along_axis(y_pred, place, axis=-1)
