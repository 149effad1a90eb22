"""What a model's methods are given -> what the loops read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.core.arguments import flag, positive, whole
from nnscratch.core.layer import Shape
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.training.arrays import cast
from nnscratch.training.batches import Rows, combine_weights, load_inputs, load_targets
from nnscratch.training.callbacks import Callback, CallbackError, CallbackList, History
from nnscratch.training.loop import FitPlan
from nnscratch.training.progress import Progress
from nnscratch.training.streams import Stream

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
