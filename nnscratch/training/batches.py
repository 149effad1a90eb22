"""From what a user gives to the batches that steps read: checked, cast, weighted, ordered, cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from nnscratch.core.arguments import number, positive
from nnscratch.core.errors import DataError, ShapeError, UnknownNameError, shape_hint
from nnscratch.core.graph import batched
from nnscratch.core.layer import Shape
from nnscratch.core.step import Batch
from nnscratch.kernels.ops import Array
from nnscratch.training.arrays import cast, check_finite, mapped, on_disk, read_array


@dataclass(frozen=True)
class Rows(Batch):
    """Rows of a data set: inputs, targets and weights side by side. Any selection is a batch."""

    def take(self, chosen: slice | Array) -> Rows:
        """Some rows: copies of those at indices (M,), views of those in a slice."""
        return Rows(
            tuple(x[chosen] for x in self.inputs),
            tuple(y[chosen] for y in self.targets),
            None if self.weights is None else self.weights[chosen],
        )

    def steps(self, size: int) -> int:
        """How many batches of that size they make."""
        return -(-len(self) // size)

    def batches(
        self, size: int, shuffle: tuple[int, int] | None = None, first: int = 0
    ) -> Iterator[Rows]:
        """The batches of an epoch.

        Args:
            size: rows of each; the last one may have fewer.
            shuffle: iteration and seed that the order is a function of; None: as they are.
            first: the batch to begin with.
        """
        chosen = order(len(self), *shuffle) if shuffle else None
        for place in batch_slices(len(self), size)[first:]:
            yield self.take(place if chosen is None else chosen[place])

    def split(self, fraction: float) -> tuple[Rows, Rows]:
        """The first rows, and the last `fraction` of all rows (Keras's validation_split).

        Raises:
            ArgumentError: the fraction is not between 0 and 1.
            DataError: one side would be empty.
        """
        number("validation_split", fraction, above=0, below=1)
        first = math.floor(len(self) * (1 - fraction))
        if first in (0, len(self)):
            purpose, other = ("train on", "smaller") if first == 0 else ("validate on", "larger")
            raise DataError(
                f"validation_split={fraction} leaves none of {len(self)} rows to {purpose}; "
                f"choose a {other} one, or give validation_data"
            )
        return self.take(slice(first)), self.take(slice(first, None))


def load_inputs(
    x: Any,
    input_names: Sequence[str],
    input_shapes: Sequence[Shape],
    dtype: Any,
    allow_nonfinite: bool = False,
) -> tuple[Array, ...]:
    """A model's input arrays, (N, *shape) each. This is the one place that casts inputs.

    Args:
        x: an array, a list or tuple with one array per input, or a dict of them by input name.
            Anything with `__array__` or `__dlpack__`, or nested lists, is an array. Of a
            memory-mapped one rows are read, and cast, when their batch is due.
        input_names: the inputs' names.
        input_shapes: their shapes, without the batch axis.
        dtype: the model's; integers, booleans and other floats become it. An array that has it
            already is not copied.
        allow_nonfinite: let NaN and Inf through.

    Raises:
        DataError: no rows, unequal numbers of rows, not one array per input, NaN or Inf, or a
            number too large for the dtype.
        ShapeError: rows of another shape than the model reads.
        DTypeError: something else than real numbers.
        UnknownNameError: a dict names an input that the model does not have.
    """
    rank = len(input_shapes[0]) + 1
    parts = _spread("x", "input", x, input_names, lambda item: len(item.shape) == rank)
    arrays = []
    for (what, part), shape in zip(parts.items(), input_shapes, strict=True):
        array = read_array(what, part)
        if array.ndim == 0 or array.shape[1:] != shape:
            hint = shape_hint(shape, array.shape)
            raise ShapeError(f"{what}: expected {batched(shape)}, got {array.shape}{hint}")
        if not allow_nonfinite:
            check_finite(what, array)
        arrays.append(mapped(what, array, dtype) if on_disk(part) else cast(what, array, dtype))
    rows = {what: len(array) for what, array in zip(parts, arrays, strict=True)}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{what} has {n}" for what, n in rows.items())
        raise DataError(f"inputs differ in their numbers of rows: {listed}")
    if len(arrays[0]) == 0:
        raise DataError(f"{next(iter(parts))}: there are no rows")
    return tuple(arrays)


def load_targets(
    y: Any, output_names: Sequence[str], rows: int, allow_nonfinite: bool = False
) -> tuple[Array, ...]:
    """A model's target arrays, `rows` rows each, in the dtype that they came in.

    Their shapes, labels and dtype are the losses' matter.

    Args:
        y: one array per output, given like the inputs.
        output_names: the outputs' names.
        rows: how many rows the inputs have.
        allow_nonfinite: let NaN and Inf through.

    Raises:
        DataError: another number of rows, not one array per output, NaN or Inf.
        DTypeError: something else than real numbers.
        UnknownNameError: a dict names an output that the model does not have.
    """
    parts = _spread("y", "output", y, output_names, lambda item: item.shape[:1] == (rows,))
    arrays = []
    for what, part in parts.items():
        array = read_array(what, part)
        if array.shape[:1] != (rows,):
            raise DataError(f"{what}: expected {rows} rows, as many as x has, got {array.shape}")
        if not allow_nonfinite:
            check_finite(what, array)
        arrays.append(array)
    return tuple(arrays)


def combine_weights(
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
    targets: Sequence[Array],
    dtype: Any,
    classes: int = 2,
) -> Array | None:
    """The factor (N,) of each row's loss, None where all are 1.

    Args:
        sample_weight: one number >= 0 per row, or None.
        class_weight: factors by class; a class without one counts 1, as in Keras. They multiply
            the sample weights.
        targets: one array per output; with class_weight there is one output, and its targets are
            whole numbers (N,) or (N, 1), or one-hot rows (N, K).
        dtype: the model's.
        classes: how many the model tells apart; these rows need not hold one of each.

    Raises:
        DataError: weights that are negative, NaN or infinite, or targets that name no classes.
        ShapeError: not one weight per row.
        UnknownNameError: class_weight names a class that no target can be.
    """
    rows = len(targets[0])
    weights = None if sample_weight is None else _weights_of_rows(sample_weight, rows)
    if class_weight is not None:
        by_class = _weights_of_classes(class_weight, targets, classes)
        weights = by_class if weights is None else weights * by_class
    return None if weights is None else cast("sample_weight", weights, dtype)


def order(n: int, iteration: int, seed: int) -> Array:
    """The shuffled order (n,) in which an epoch that begins at an iteration visits n rows.

    A pure function: the order of any epoch can be found again, without those before it.
    """
    return np.random.Generator(np.random.PCG64([seed, iteration])).permutation(n)


def batch_slices(n: int, batch_size: int) -> list[slice]:
    """Where the batches of n rows lie; the last one may be short."""
    size = positive("batch_size", batch_size)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _spread(
    what: str, kind: str, given: Any, names: Sequence[str], is_whole: Callable[[Any], bool]
) -> dict[str, Any]:
    """One array-like per name, by what messages call it.

    A list stands for nested data where there is one name, unless its only item is a whole array.
    """
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise UnknownNameError(f"{kind} in {what}", name, names)
        missing = [name for name in names if name not in given]
        if missing:
            raise DataError(f"{what}: nothing is given for {kind} {', '.join(missing)}")
        return {f"{what}[{name!r}]": given[name] for name in names}
    is_list = isinstance(given, list | tuple)
    if len(names) == 1:
        wrapped = is_list and len(given) == 1 and hasattr(given[0], "shape") and is_whole(given[0])
        return {what: given[0] if wrapped else given}
    if not is_list or len(given) != len(names):
        got = f"{len(given)} arrays" if is_list else f"one {type(given).__name__}"
        raise DataError(
            f"{what}: the model has {len(names)} {kind}s ({', '.join(names)}), got {got}; "
            f"give a list with an array for each, or a dict by name"
        )
    return {f"{what}[{name!r}]": item for name, item in zip(names, given, strict=True)}


def _weights_of_rows(sample_weight: Any, rows: int) -> Array:
    weights = read_array("sample_weight", sample_weight)
    if weights.shape != (rows,):
        hint = "; flatten it: w[:, 0]" if weights.shape == (rows, 1) else ""
        raise ShapeError(
            f"sample_weight: expected one number per row, ({rows},), got {weights.shape}{hint}"
        )
    refused = ~(np.isfinite(weights) & (weights >= 0))
    if refused.any():
        row = refused.argmax()
        raise DataError(f"sample_weight: expected numbers >= 0, got {weights[row]} at row {row}")
    return weights


def _weights_of_classes(
    class_weight: Mapping[int, float], targets: Sequence[Array], classes: int
) -> Array:
    """The weight (N,) of each row's class."""
    if not isinstance(class_weight, Mapping):
        raise DataError(f"class_weight: expected a dict of class: weight, got {class_weight!r}")
    if len(targets) != 1:
        raise DataError(
            f"class_weight: needs a model with one output, this one has {len(targets)}; "
            "give sample_weight"
        )
    labels = _labels(targets[0])
    present, place = np.unique(labels, return_inverse=True)
    known = {int(label) for label in present}.union(range(classes))
    for key, weight in class_weight.items():
        if not isinstance(key, Integral) or int(key) not in known:
            raise UnknownNameError("class in class_weight", key, map(str, known))
        number(f"class_weight[{key}]", weight, low=0)
    table = np.array([class_weight.get(int(label), 1.0) for label in present], np.float64)
    weights: Array = table[place]  # (N,)
    return weights


def _labels(target: Array) -> Array:
    """The class (N,) of each row."""
    if target.ndim == 2 and target.shape[1] > 1:
        is_one_hot = ((target == 0) | (target == 1)).all(axis=1) & (target.sum(axis=1) == 1)
        if not is_one_hot.all():
            raise DataError(
                f"class_weight: row {is_one_hot.argmin()} of y is not one-hot; give sample_weight"
            )
        labels: Array = target.argmax(axis=1)  # (N,)
        return labels
    if target.ndim > 2 or not (target == np.floor(target)).all():
        raise DataError(
            "class_weight: needs a class for each row, whole numbers (N,) or one-hot (N, K), got "
            f"{target.dtype} {target.shape}; give sample_weight"
        )
    return target.reshape(-1).astype(np.int64)  # (N,)
