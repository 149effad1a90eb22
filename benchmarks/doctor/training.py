"""Training a twin. Here a doctor comes in: among the callbacks that `train` hands to `fit`."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nnscratch as nn
from benchmarks.doctor.build import build
from benchmarks.doctor.data import Data, Rows, data_of
from benchmarks.doctor.program import Program, Which
from benchmarks.doctor.score import Score, scored
from nnscratch.losses import Loss, SparseCategoricalCrossentropy
from nnscratch.losses.elementwise import Elementwise


@dataclass(frozen=True)
class Prepared:
    """A twin that is not trained yet."""

    model: nn.Model
    data: Data
    """With targets as the loss reads them."""


@dataclass(frozen=True)
class Trained:
    """A twin that is trained."""

    model: nn.Model
    history: nn.History
    data: Data
    score: Score
    seconds: float
    """Of `fit`."""


def prepare(folder: Path, program: Program, which: Which, seed: int = 0) -> Prepared:
    """The compiled model and the data of a twin; the seed is added to the twin's own."""
    twin = program.twin(which)
    model = build(twin, twin.seed + seed)
    (term,), (output,) = model.compiled.objective.terms, model.graph.outputs
    given = data_of(folder, program, which)
    return Prepared(model, given.map(lambda rows: with_targets(rows, term.loss, output.shape)))


def with_targets(rows: Rows, loss: Loss, output: tuple[int, ...]) -> Rows:
    """Rows with targets that our losses take, where Keras's take them too.

    Keras makes whole numbers of class numbers by cutting off fractions, and lets a column of
    targets stand for all columns of the predictions.
    """
    y = rows.y
    if isinstance(loss, SparseCategoricalCrossentropy) and y.dtype.kind == "f":
        y = y.astype(np.int64)
    if isinstance(loss, Elementwise) and y.ndim > 1 and y.shape[1:] == (*output[:-1], 1):
        y = np.repeat(y, output[-1], axis=-1)  # (N, ..., K)
    return Rows(rows.x, y)


def train(
    folder: Path,
    program: Program,
    which: Which,
    seed: int = 0,
    callbacks: Sequence[nn.Callback] = (),
) -> Trained:
    """Train a twin as its file says, and score it.

    Nothing is said of overflows and NaN: programs are here because they fail.
    """
    twin, ready = program.twin(which), prepare(folder, program, which, seed)
    model, data, held_out = ready.model, ready.data, ready.data.validation
    with np.errstate(all="ignore"):
        start = time.perf_counter()
        history = model.fit(
            data.train.x,
            data.train.y,
            twin.batch_size,
            twin.epochs,
            verbose=0,
            callbacks=list(callbacks),
            validation_data=None if held_out is None else (held_out.x, held_out.y),
            shuffle=twin.shuffle,
            allow_nonfinite=True,
        )
        seconds = time.perf_counter() - start
        score = score_of(folder, program, which, ready, history)
    return Trained(model, history, data, score, seconds)


def score_of(
    folder: Path, program: Program, which: Which, trained: Prepared, history: nn.History
) -> Score:
    """The score of a trained twin, in inference mode, against its labels or the fixed twin's."""
    expect, model = program.expect, trained.model
    rows, truth = trained.data.part(expect.on), data_of(folder, program, which)
    if expect.fixed_truth:
        truth = data_of(folder, program, "fixed")
    predicted = model.predict(rows.x, verbose=0, allow_nonfinite=True)
    value, constant = scored(expect.task, predicted, truth.part(expect.on).y)
    logs = model.evaluate(rows.x, rows.y, verbose=0, return_dict=True, allow_nonfinite=True)
    metrics = [number for name, number in logs.items() if name != "loss"]
    loss = history.history["loss"][-1]
    return Score(value, constant, loss, metrics[0] if metrics else math.nan)
