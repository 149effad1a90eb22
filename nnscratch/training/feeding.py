"""What a model's methods are given -> what the loops read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.core.arguments import ArgumentError, flag, positive, whole
from nnscratch.core.errors import DataError
from nnscratch.core.layer import Shape
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.training.arrays import cast
from nnscratch.training.batches import Rows, combine_weights, load_inputs, load_targets
from nnscratch.training.callbacks import Callback, CallbackError, CallbackList, History
from nnscratch.training.loop import FitPlan
from nnscratch.training.progress import Progress
from nnscratch.training.streams import Stream, is_stream

if TYPE_CHECKING:
    from nnscratch.model import Model


def inputs(model: Model, x: Any, allow_nonfinite: bool = False) -> tuple[Array, ...]:
    """Input arrays as the model reads them: checked, and cast to its dtype."""
    model.ensure_built(x)
    graph = model.graph
    names = [graph.input_names[symbol] for symbol in graph.inputs]
    shapes = [symbol.shape for symbol in graph.inputs]
    return load_inputs(x, names, shapes, model.dtype, allow_nonfinite)


def training_rows(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    allow_nonfinite: bool = False,
) -> Rows:
    """Rows to learn from, or to measure on; everything is checked before anything is trained."""
    xs = inputs(model, x, allow_nonfinite)
    terms = model.compiled.objective.terms
    raw = load_targets(y, [term.name for term in terms], len(xs[0]), allow_nonfinite)
    weights = combine_weights(sample_weight, None, raw, model.dtype)
    outputs = model.graph.outputs
    targets = tuple(
        read_targets(term.loss, target, outputs[term.output].shape, model.dtype)
        for term, target in zip(terms, raw, strict=True)
    )
    return Rows(xs, targets, weights)


def read_targets(loss: Loss, y: Array, output_shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Targets as a loss reads them. Wide floats are cast here, where an overflow is named."""
    wide = np.result_type(y, dtype) if y.dtype.kind == "f" else dtype
    ready = loss.prepare_targets(y, output_shape, wide)
    return cast("y", ready, dtype) if ready.dtype.kind == "f" else ready


def fit_data(
    model: Model,
    given: tuple[Any, Any, Any],
    validation: tuple[Any, float],
    class_weight: Mapping[int, float] | None,
    sizes: tuple[int | None, int | None],
    allow_nonfinite: bool,
) -> tuple[Rows | Stream, Rows | None]:
    """What `fit` trains on, and what it validates on.

    Args:
        model: that is trained.
        given: x, y and sample_weight.
        validation: validation_data and validation_split.
        class_weight, allow_nonfinite: see `Model.fit`.
        sizes: batch_size and steps_per_epoch.

    Raises:
        ArgumentError: an argument that says nothing of such data.
        DataError ...: see `training_rows`.
    """
    (x, y, sample_weight), (held_out, split), (size, steps) = given, validation, sizes
    source: Rows | Stream
    if is_stream(x, y):
        refuse("what yields batches", batch_size=size, sample_weight=sample_weight)
        refuse("what yields batches", validation_split=split or None)
        source = stream(model, x, steps, class_weight, allow_nonfinite)
    else:
        refuse("arrays", steps_per_epoch=steps)
        source = training_rows(model, x, y, sample_weight, allow_nonfinite)
    triple = None if held_out is None else validation_triple(held_out)
    aside = None if triple is None else training_rows(model, *triple, allow_nonfinite)
    if isinstance(source, Rows):
        if aside is None and split:
            source, aside = source.split(split)
        source = weigh_classes(model, source, class_weight)
    return source, aside


def refuse(what: str, **arguments: Any) -> None:
    """Refuse arguments of `fit` that say nothing of what is given as x.

    Raises:
        ArgumentError: one of them is there.
    """
    for name, value in arguments.items():
        if value is not None:
            raise ArgumentError(f"fit {name}: says nothing where x is {what}; leave it out")


def stream(
    model: Model,
    source: Iterable[Any],
    steps: int | None,
    class_weight: Mapping[int, float] | None,
    allow_nonfinite: bool,
) -> Stream:
    """Batches that somebody makes, (x, y) or (x, y, sample_weight), so many in an epoch.

    Raises:
        DataError: the first one is none.
    """

    def read(item: Any) -> Rows:
        if not isinstance(item, tuple | list) or len(item) not in (2, 3):
            raise DataError(
                "fit: expected x to yield batches, (x, y) or (x, y, sample_weight), got "
                f"{type(item).__name__}; or give y too"
            )
        x, y, *weights = item
        rows = training_rows(model, x, y, weights[0] if weights else None, allow_nonfinite)
        return weigh_classes(model, rows, class_weight)

    return Stream(source, steps, read)


def weigh_classes(model: Model, rows: Rows, class_weight: Mapping[int, float] | None) -> Rows:
    """The rows to train on, each weighted by its class too."""
    widths = [model.graph.outputs[t.output].shape[-1] for t in model.compiled.objective.terms]
    classes = max(2, *widths)  # one output tells two classes apart
    weights = combine_weights(rows.weights, class_weight, rows.targets, model.dtype, classes)
    return dataclasses.replace(rows, weights=weights)


def validation_triple(given: Sequence[Any]) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what `fit` is given as validation_data."""
    if not isinstance(given, Sequence) or len(given) not in (2, 3):
        raise DataError("fit: expected validation_data=(x, y) or (x, y, sample_weight)")
    x, y, *weights = given
    return x, y, weights[0] if weights else None


def batch_size(given: int | None) -> int:
    """The rows per step; None is 32, as in Keras."""
    return 32 if given is None else positive("batch_size", given)


def fit_plan(size: int | None, epochs: int, initial_epoch: int, shuffle: bool) -> FitPlan:
    """How `fit` will go over the rows.

    Raises:
        ArgumentError: a number that is not whole, or too small.
    """
    return FitPlan(
        batch_size(size),
        whole("epochs", epochs, 0),
        whole("initial_epoch", initial_epoch, 0),
        flag("shuffle", shuffle),
    )


def listeners(
    model: Model,
    callbacks: Callback | Iterable[Callback] | None,
    verbose: str | int,
    plan: FitPlan,
    source: Rows | Stream,
    validated: bool,
) -> tuple[History, CallbackList]:
    """The history of a fit, and everybody who listens to it."""
    history = History()
    everyone = [*listed(callbacks), history]  # so that it keeps what they add to the logs
    if verbose:
        everyone.append(Progress(verbose))
    logs = ["loss", *(measure.name for measure in model.compiled.measures)]
    params = {
        "logs": logs + [f"val_{name}" for name in logs if validated],
        "epochs": plan.epochs,
        "steps": source.steps(plan.batch_size),
        "verbose": verbose,
    }
    return history, CallbackList(everyone, model, params)


def listed(callbacks: Callback | Iterable[Callback] | None) -> list[Callback]:
    """One callback, several or none, as a list.

    Raises:
        CallbackError: something else.
    """
    given = [callbacks] if isinstance(callbacks, Callback) else callbacks or ()
    if not isinstance(given, Iterable):
        raise CallbackError(f"callbacks: expected nn.Callback objects, got {given!r}")
    return list(given)
