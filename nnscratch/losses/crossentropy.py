"""Cross-entropies: -log of the probability that a prediction gives to what is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.core.errors import DataError, DTypeError
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced, Shape, interchangeable
from nnscratch.losses.elementwise import Elementwise

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]


@dataclass(frozen=True)
class Crossentropy(Reduced):
    """Base of the cross-entropies: -log of the probability given to what is true.

    Probabilities are clipped to [epsilon, 1 - epsilon]. Where that moves one, its derivative is
    exactly 0: a saturated wrong prediction costs -ln(epsilon) and learns nothing from it. Logits
    (`from_logits=True`: the model ends without sigmoid or softmax) have no such limit.

    Raises:
        ArgumentError: epsilon is not between 0 and 1/2.
        UnknownNameError: there is no such reduction.
    """

    from_logits: bool = False
    epsilon: float = field(default=1e-7, kw_only=True)
    """Keras has it as a global setting, `keras.config.set_epsilon`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} epsilon", self.epsilon, above=0, below=0.5)


@dataclass(frozen=True)
class Smoothed(Crossentropy):
    """Base of the cross-entropies whose targets may be smoothed.

    Raises:
        ArgumentError: label_smoothing is not between 0 and 1.
    """

    label_smoothing: float = 0.0
    """How much of the targets is spread evenly: a network then never has to be certain."""

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} label_smoothing", self.label_smoothing, low=0, high=1)


@dataclass(frozen=True)
class BinaryCrossentropy(Smoothed, Elementwise):
    """-t log p - (1 - t) log(1 - p), the mean over the last axis.

    In float32 1 - 1e-7 is rounded to 1 - 2^-23, so that a certain 0 that should be 1 costs
    16.118, but a certain 1 that should be 0 only 15.942. Targets outside [0, 1] are taken as
    they are: the loss then has no lower bound.

    Source of label_smoothing, t (1 - s) + s / 2: Szegedy et al. 2015, arXiv:1512.00567.
    """

    name: str = field(default="binary_crossentropy", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each probability or logit.

        Raises:
            DTypeError: 1 - epsilon is 1 in y_pred's dtype, which would allow log(0).
        """
        y_true = smoothing(y_true, self.label_smoothing, 2)
        if self.from_logits:
            return ctx.k.sigmoid_cross_entropy(y_pred, y_true)
        if y_pred.dtype.type(1 - self.epsilon) == 1:
            raise DTypeError(
                f"{self.name}: 1 - {self.epsilon} is 1 in {y_pred.dtype}; use a larger epsilon, "
                'dtype="float64" or from_logits=True'
            )
        return ctx.k.binary_cross_entropy(y_pred, y_true, self.epsilon)


@dataclass(frozen=True)
class CategoricalCrossentropy(Smoothed):
    """-sum_k t_k log p_k over the last axis, of targets that are one-hot or probabilities.

    Probabilities are first divided by their sum, as in Keras. With label_smoothing targets are
    t (1 - s) + s / K.
    """

    name: str = field(default="categorical_crossentropy", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each row of K probabilities or logits."""
        rows = y_pred.reshape(-1, y_pred.shape[-1])  # (N*..., K)
        targets = smoothing(y_true, self.label_smoothing, rows.shape[1])
        targets = targets.reshape(rows.shape)  # (N*..., K)
        if self.from_logits:
            values, derivative = ctx.k.softmax_cross_entropy(rows, targets)
        else:
            values, derivative = ctx.k.categorical_cross_entropy(rows, targets, self.epsilon)
        return values.reshape(y_pred.shape[:-1]), derivative.reshape(y_pred.shape)

    def _hint(self, given: Shape, output_shape: Shape) -> str:
        if not interchangeable(given, output_shape[:-1]):
            return ""
        return (
            '; for class numbers use loss="sparse_categorical_crossentropy", or make them '
            f"one-hot: nn.to_categorical(y, {output_shape[-1]})"
        )


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Crossentropy):
    """-log p_t over the last axis, where the target t is the number of a class: 0 to K - 1.

    The range of labels is checked once, by `check_targets`, not at every call.
    """

    name: str = field(default="sparse_categorical_crossentropy", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The categorical cross-entropy of the labels made one-hot."""
        classes = ctx.xp.arange(y_pred.shape[-1])
        one_hot = (y_true[..., None] == classes).astype(y_pred.dtype)  # (N, ..., K)
        dense = CategoricalCrossentropy(self.from_logits, epsilon=self.epsilon)
        return dense.values(ctx, y_pred, one_hot)

    def target_shape(self, output_shape: Shape, given: Shape) -> Shape:
        """Without the axis of classes."""
        return output_shape[:-1]

    def target_dtype(self, dtype: DTypeLike) -> np.dtype[Any]:
        """int64."""
        return np.dtype(np.int64)

    def check_targets(self, y_true: Array, output_shape: Shape) -> None:
        """Also refuse what is no class number.

        Raises:
            DataError: labels that are not whole numbers, or not 0 to K - 1; names the first row.
        """
        super().check_targets(y_true, output_shape)
        if y_true.dtype.kind == "f":
            fractions = y_true != y_true.round()
            example = f", {first(y_true, fractions)}" if fractions.any() else ""
            raise DataError(
                f"{self.name}: expected class numbers to be integers, got {y_true.dtype}{example}; "
                "if they are classes, cast them: y.astype(int)"
            )
        n_classes = output_shape[-1]
        outside = (y_true < 0) | (y_true >= n_classes)
        if outside.any():
            raise DataError(
                f"{self.name}: the model has {n_classes} outputs, expected labels 0 to "
                f"{n_classes - 1}, got {first(y_true, outside)}; number the classes from 0, or "
                "give the last layer one output for each"
            )

    def _hint(self, given: Shape, output_shape: Shape) -> str:
        if given != output_shape:
            return ""
        return '; for one-hot targets use loss="categorical_crossentropy", or y.argmax(axis=-1)'


def smoothing(y_true: Array, share: float, classes: int) -> Array:
    """Targets of which that share is spread evenly over the classes."""
    return y_true * (1 - share) + share / classes if share else y_true


def first(y_true: Array, wrong: Array) -> str:
    """The first target that is wrong, and its row."""
    place = int(wrong.argmax())
    return f"{y_true.ravel()[place]} in row {place * len(y_true) // y_true.size}"
