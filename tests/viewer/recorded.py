"""Recorded trainings for the tests of reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import nnscratch as nn
from nnscratch.viewer.server import Server, Watch
from tests.backends import BACKEND
from tests.runs.trainings import BreakOffError, Interrupt

(X, Y), _ = nn.datasets.digits()
X, Y = X[:96], Y[:96]


def digits_net(**options):
    """A small convolutional net over the digits."""
    layers = [
        nn.Input((8, 8, 1)),
        nn.Conv2D(4, 3, activation="relu"),
        nn.MaxPooling2D(),
        nn.Flatten(),
        nn.Dense(10, "softmax"),
    ]
    model = nn.Sequential(layers, backend=BACKEND, seed=0, store=nn.Store(), **options)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def record(folder: Path, *callbacks, model=None, x=X, y=Y, **options):
    """A run of 3 epochs of 6 steps, with a checkpoint before every fifth."""
    run = nn.Run(folder, every=5)
    arguments = {"batch_size": 16, "epochs": 3, "verbose": 0} | options
    (model or digits_net()).fit(x, y, callbacks=[*callbacks, run], **arguments)
    return run


def broken_off(folder: Path, *callbacks, steps: int = 12) -> nn.Run:
    """The same, interrupted after some steps, as another process sees one that is trained."""
    with pytest.raises(BreakOffError):
        record(folder, *callbacks, Interrupt("on_train_batch_begin", steps))
    return nn.Run.open(folder)


@contextmanager
def serving(run: nn.Run) -> Iterator[Server]:
    """A server that watches a run."""
    with Server(Watch(run.folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def branched(branches: int):
    """Convolutions beside each other."""
    x = nn.Input((8, 8, 1))
    maps = [nn.Conv2D(2, 3, name=f"branch_{number}")(x) for number in range(branches)]
    y = nn.Dense(10, activation="softmax")(nn.Flatten()(nn.Concatenate()(maps)))
    model = nn.Model(x, y, backend=BACKEND, seed=0, store=nn.Store())
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def siamese():
    """Two inputs, one embedder that is called twice, and an addition that passes rows by."""
    embedder = nn.Sequential(
        [nn.Input((8, 8, 1)), nn.Conv2D(2, 3, activation="elu"), nn.GlobalMaxPooling2D()],
        name="embedder",
        backend=BACKEND,
        seed=0,
        store=nn.Store(),
    )
    a, b = nn.Input((8, 8, 1), name="left"), nn.Input((8, 8, 1), name="right")
    distance = nn.L1Distance()([embedder(a), embedder(b)])
    hidden = nn.Dense(1, name="hidden")(distance)
    y = nn.Sigmoid(name="answer")(nn.Add(name="add")([hidden, distance]))
    model = nn.Model([a, b], y, backend=BACKEND, seed=0, store=nn.Store())
    model.compile("sgd", "binary_crossentropy")
    return model
