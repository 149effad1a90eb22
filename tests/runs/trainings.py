"""Trainings for the tests of runs: every kind of state that can be lost is in them."""

from __future__ import annotations

import numpy as np

import nnscratch as nn
from nnscratch.core.tape import ALL
from tests.backends import BACKEND
from tests.nets import images

X, Y = images(17)


class Steps(nn.Callback):
    """Keeps every step whole."""

    needs = ALL

    def __init__(self):
        self.steps = {}

    def on_step(self, step):
        self.steps[step.index] = step


class BreakOffError(Exception):
    """What breaks a training off."""


class Interrupt(nn.Callback):
    """Breaks a training off in one of its hooks, the n-th time that it is called."""

    def __init__(self, hook, number):
        self.left = number
        setattr(self, hook, self.strike)

    def strike(self, *_):
        self.left -= 1
        if self.left < 0:
            raise BreakOffError


def watchers():
    """Callbacks that know something from epoch to epoch, and that change the training."""
    return [
        nn.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.1),
        nn.EarlyStopping(patience=3, restore_best_weights=True),
    ]


def fit(model, *callbacks, **options):
    """3 epochs of 3 steps on 13 rows, the last step with 3 of them, and 4 rows to validate on."""
    arguments = {
        "x": X,
        "y": Y,
        "batch_size": 5,
        "epochs": 3,
        "validation_split": 0.2,
        "verbose": 0,
        "callbacks": list(callbacks),
    }
    return model.fit(**arguments | options)


def siamese(**options):
    """Two inputs, one embedder that is called twice, batch norm and dropout inside."""
    embedder = nn.Sequential(
        [
            nn.Input((6, 6, 1)),
            nn.Conv2D(2, 3, activation="elu"),
            nn.BatchNormalization(),
            nn.Dropout(0.25),
            nn.GlobalMaxPooling2D(),
        ],
        name="embedder",
        store=nn.Store(),
        backend=BACKEND,
        seed=0,
    )
    a, b = nn.Input((6, 6, 1)), nn.Input((6, 6, 1))
    distance = nn.L1Distance()([embedder(a), embedder(b)])
    y = nn.Dense(1, activation="sigmoid")(distance)
    settings = {"backend": BACKEND, "seed": 2, "store": nn.Store()} | options
    model = nn.Model([a, b], y, **settings)
    model.compile(nn.RMSprop(0.01, momentum=0.5), "binary_crossentropy", ["accuracy"])
    return model


def two_outputs():
    """Two losses and a metric of each."""
    x = nn.Input((6, 6, 1))
    flat = nn.Flatten()(x)
    classes = nn.Dense(3, activation="softmax", name="classes")(flat)
    total = nn.Dense(1, name="total")(flat)
    model = nn.Model(x, [classes, total], backend=BACKEND, seed=0, dtype="float64")
    losses = {"classes": "sparse_categorical_crossentropy", "total": "mse"}
    model.compile("sgd", losses, {"classes": ["acc"], "total": ["r2_score", "mae"]})
    return model


PAIRS = ([X, X[::-1].copy()], (Y[::-1] == Y).astype(np.float32)[:, None])
"""What `siamese` learns."""
BOTH = (X, [Y, X.sum(axis=(1, 2))])
"""What `two_outputs` learns."""
