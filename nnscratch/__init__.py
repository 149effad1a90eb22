"""A convolutional-network framework that you can see through.

>>> import nnscratch as nn
>>> model = nn.Sequential([nn.Input((8, 8, 1)), nn.Flatten(), nn.Dense(10, "softmax")])
>>> model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
>>> step = model.train_step(x, y)
>>> print(step)
>>> print(step.explain("dense/kernel"))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nnscratch import (
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from nnscratch.backend import Backend, get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import (
    DataError,
    DTypeError,
    GraphError,
    NNError,
    ShapeError,
    StepError,
    UnknownNameError,
)
from nnscratch.core.graph import Graph, Input, Node, Symbol
from nnscratch.core.layer import Gradients, Layer, Output, Param, Spec
from nnscratch.core.run import run_layer
from nnscratch.core.step import Batch, Step
from nnscratch.core.store import Arena, Store
from nnscratch.core.tape import Call, Tape
from nnscratch.inspect.attenuation import attenuation
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.shares import shares
from nnscratch.inspect.tensorboard import TensorBoard
from nnscratch.labels import to_categorical
from nnscratch.layers import *  # noqa: F403 (nnscratch.layers.__all__ is the list)
from nnscratch.model import Model
from nnscratch.network import Network
from nnscratch.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop
from nnscratch.runs import BackupAndRestore, ReplayError, Run, RunError
from nnscratch.seeds import set_seed
from nnscratch.sequential import Sequential
from nnscratch.training.callbacks import (
    Callback,
    History,
    LambdaCallback,
    TerminateOnNaN,
)
from nnscratch.training.csv_logger import CSVLogger
from nnscratch.training.growing import Growing
from nnscratch.training.learning_rate_scheduler import LearningRateScheduler
from nnscratch.training.model_checkpoint import ModelCheckpoint
from nnscratch.training.monitors import EarlyStopping, ReduceLROnPlateau
from nnscratch.version import __version__

if TYPE_CHECKING:
    from nnscratch import plots, testing
    from nnscratch.doctor import (
        Diagnosis,
        Doctor,
        Finding,
        ablate,
        diagnose,
        minimise,
        overfit_one_batch,
    )
    from nnscratch.viewer import report

DOCTOR = ("Diagnosis", "Doctor", "Finding", "ablate", "diagnose", "minimise", "overfit_one_batch")

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Arena",
    "Backend",
    "BackupAndRestore",
    "Batch",
    "CSVLogger",
    "Call",
    "Callback",
    "Context",
    "DTypeError",
    "DataError",
    "Diagnosis",
    "Doctor",
    "EarlyStopping",
    "Finding",
    "Gradients",
    "Graph",
    "GraphError",
    "Growing",
    "History",
    "Input",
    "LambdaCallback",
    "Layer",
    "LearningRateScheduler",
    "Ledger",
    "Lion",
    "Model",
    "ModelCheckpoint",
    "NNError",
    "Nadam",
    "Network",
    "Node",
    "Output",
    "Param",
    "RMSprop",
    "Recorder",
    "ReduceLROnPlateau",
    "ReplayError",
    "Run",
    "RunError",
    "Sequential",
    "ShapeError",
    "Spec",
    "Step",
    "StepError",
    "Store",
    "Symbol",
    "Tape",
    "TensorBoard",
    "TerminateOnNaN",
    "UnknownNameError",
    "__version__",
    "ablate",
    "attenuation",
    "constraints",
    "datasets",
    "diagnose",
    "get_backend",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "minimise",
    "optimizers",
    "overfit_one_batch",
    "plots",
    "regularizers",
    "report",
    "run_layer",
    "schedules",
    "set_seed",
    "shares",
    "testing",
    "to_categorical",
]
if not TYPE_CHECKING:  # as in layers
    __all__ += layers.__all__


def __getattr__(name: str) -> Any:
    """What is imported when somebody asks for it: testing, plots, the doctor and reports."""
    if name in ("testing", "plots"):
        return importlib.import_module(f"nnscratch.{name}")
    if name in DOCTOR:
        return getattr(importlib.import_module("nnscratch.doctor"), name)
    if name == "report":
        return importlib.import_module("nnscratch.viewer").report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
