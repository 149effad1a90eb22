"""Sources: all rows at once, or batches that somebody makes, as a model is given them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import DataError
from nnscratch.training.batches import Rows, combine_weights
from nnscratch.training.feeding import inputs, training_rows
from nnscratch.training.streams import Stream, is_stream, known_length, length

if TYPE_CHECKING:
    from nnscratch.model import Model

BATCHES = "what yields batches"
ARRAYS = "arrays"


def to_fit(
    model: Model,
    given: tuple[Any, Any, Any],
    validation: tuple[Any, float],
    class_weight: Mapping[int, float] | None,
    sizes: tuple[int | None, int | None, int | None],
    allow_nonfinite: bool,
) -> tuple[Rows | Stream, Rows | Stream | None]:
    """What `fit` trains on, and what it validates on.

    Args:
        model: that is trained.
        given: x, y and sample_weight.
        validation: validation_data and validation_split.
        class_weight, allow_nonfinite: see `Model.fit`.
        sizes: batch_size, steps_per_epoch and validation_steps.

    Raises:
        ArgumentError: an argument that says nothing of such data.
        DataError ...: see `training_rows`.
    """
    (x, y, sample_weight), (held_out, split), (size, steps, held_steps) = given, validation, sizes
    source: Rows | Stream
    refuse_function("fit x", x)
    if y is None and is_stream(x):
        refuse("fit", BATCHES, batch_size=size, sample_weight=sample_weight)
        refuse("fit", BATCHES, validation_split=split or None)
        known = known_length("fit steps_per_epoch", x, steps)

        def weighed(rows: Rows) -> Rows:
            return weigh_classes(model, rows, class_weight)

        source = Stream("fit x", x, known, reader(model, "fit x", allow_nonfinite, weighed))
    else:
        refuse("fit", ARRAYS, steps_per_epoch=steps)
        source = all_rows(model, "fit", given, allow_nonfinite)
    aside = to_validate(model, held_out, held_steps, allow_nonfinite)
    if isinstance(source, Rows):
        if aside is None and split:
            source, aside = source.split(split)
        source = weigh_classes(model, source, class_weight)
    return source, aside


def to_validate(
    model: Model, given: Any, steps: int | None, allow_nonfinite: bool
) -> Rows | Stream | None:
    """What `fit` is given as validation_data: (x, y), (x, y, sample_weight), or batches of these.

    Raises:
        ArgumentError, DataError ...: see `to_fit`.
    """
    what = "fit validation_data"
    refuse_function(what, given)
    if given is not None and is_stream(given) and not isinstance(given, tuple):
        count = length if can_begin_anew(given) else known_length
        known = count("fit validation_steps", given, steps)
        return Stream(what, given, known, reader(model, what, allow_nonfinite), anew=True)
    if steps is not None:
        raise ArgumentError(
            "fit validation_steps: says nothing where validation_data are no batches; leave it out"
        )
    if given is None:
        return None
    if not isinstance(given, Sequence) or len(given) not in (2, 3):
        raise DataError(
            "fit: expected validation_data=(x, y) or (x, y, sample_weight), or what yields batches "
            "of these"
        )
    x, y, *weights = given
    return all_rows(model, "fit", (x, y, weights[0] if weights else None), allow_nonfinite)


def to_evaluate(
    model: Model,
    given: tuple[Any, Any, Any],
    size: int | None,
    steps: int | None,
    allow_nonfinite: bool,
) -> Rows | Stream:
    """What `evaluate` measures on: x, y and sample_weight, or batches of them.

    Raises:
        ArgumentError, DataError ...: see `to_fit`.
    """
    x, y, sample_weight = given
    refuse_function("evaluate x", x)
    if y is None and is_stream(x):
        refuse("evaluate", BATCHES, batch_size=size, sample_weight=sample_weight)
        read = reader(model, "evaluate x", allow_nonfinite)
        return Stream("evaluate x", x, length("evaluate steps", x, steps), read)
    refuse("evaluate", ARRAYS, steps=steps)
    return all_rows(model, "evaluate", given, allow_nonfinite)


def to_predict(
    model: Model, x: Any, size: int | None, steps: int | None, allow_nonfinite: bool
) -> Rows | Stream:
    """What `predict` answers: rows without targets, or batches of them.

    Raises:
        ArgumentError, DataError ...: see `to_fit`.
    """

    def read(item: Any) -> Rows:
        alone = item[0] if isinstance(item, tuple) and item else item
        return Rows(inputs(model, alone, allow_nonfinite), ())

    refuse_function("predict x", x)
    if is_stream(x) and not isinstance(x, Sequence):
        refuse("predict", BATCHES, batch_size=size)
        return Stream("predict x", x, length("predict steps", x, steps), read)
    refuse("predict", ARRAYS, steps=steps)
    return Rows(inputs(model, x, allow_nonfinite), ())


def all_rows(model: Model, call: str, given: tuple[Any, Any, Any], allow_nonfinite: bool) -> Rows:
    """Rows of arrays.

    Raises:
        DataError: there are no targets, or x brings its own.
    """
    x, y, sample_weight = given
    if y is None:
        raise DataError(
            f"{call} y: nothing was given; expected {call}(x, y), or as x what yields batches, "
            "(x, y) each: a generator, or a list of tuples"
        )
    if isinstance(x, Iterator):
        raise DataError(f"{call} y: x yields batches, which hold y; leave it out")
    return training_rows(model, x, y, sample_weight, allow_nonfinite)


def reader(
    model: Model, what: str, allow_nonfinite: bool, then: Callable[[Rows], Rows] = lambda rows: rows
) -> Callable[[Any], Rows]:
    """Makes rows of a batch that was yielded: (x, y) or (x, y, sample_weight)."""

    def read(item: Any) -> Rows:
        if not isinstance(item, tuple | list) or len(item) not in (2, 3):
            raise DataError(
                f"{what}: expected to yield batches, (x, y) or (x, y, sample_weight), got "
                f"{type(item).__name__}; or give x and y apart"
            )
        x, y, *weights = item
        weight = weights[0] if weights else None
        return then(training_rows(model, x, y, weight, allow_nonfinite))

    return read


def weigh_classes(model: Model, rows: Rows, class_weight: Mapping[int, float] | None) -> Rows:
    """The rows to train on, each weighted by its class too."""
    widths = [model.graph.outputs[t.output].shape[-1] for t in model.compiled.objective.terms]
    classes = max(2, *widths)  # one output tells two classes apart
    weights = combine_weights(rows.weights, class_weight, rows.targets, model.dtype, classes)
    return dataclasses.replace(rows, weights=weights)


def can_begin_anew(source: Any) -> bool:
    """Whether something can be gone over again; a generator cannot."""
    return not isinstance(source, Iterator)


def refuse(call: str, what: str, **arguments: Any) -> None:
    """Refuse arguments that say nothing of what is given as x.

    Raises:
        ArgumentError: one of them is there.
    """
    for name, value in arguments.items():
        if value is not None:
            raise ArgumentError(f"{call} {name}: says nothing where x is {what}; leave it out")


def refuse_function(what: str, x: Any) -> None:
    """Refuse what would make batches if somebody called it.

    Raises:
        DataError: it is a function.
    """
    if callable(x) and not hasattr(x, "__array__"):
        name = getattr(x, "__name__", "x")
        raise DataError(f"{what}: got a function; give what it returns: {name}()")
