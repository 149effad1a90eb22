"""Callbacks: what listens to `fit`. Names, arguments and defaults are Keras's."""

from __future__ import annotations

import csv
import io
import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from nnscratch.core.errors import DescriptionType, NNError, UnknownNameError
from nnscratch.core.tape import ALL
from nnscratch.kernels.ops import Array
from nnscratch.training.atomic import replacing

if TYPE_CHECKING:
    from nnscratch.core.step import Step

Logs = dict[str, float]
"""Loss and metrics by name. Callbacks see one dict in turn, and may add to it."""


class CallbackError(NNError, ValueError):
    """A callback that cannot do what it was made for."""


class NonFiniteLossError(NNError, RuntimeError):
    """The loss became NaN or infinite."""


class Learner(Protocol):
    """What callbacks use of a model."""

    stop_training: bool
    learning_rate: float

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""

    def set_weights(self, weights: list[Array], /) -> None:
        """Install them again."""

    def save_weights(self, path: str, /) -> None:
        """Write them to a file."""


class Callback(metaclass=DescriptionType):
    """Listens to training: override what you need; the others do nothing.

    Epochs and batches count from 0. To end training set `self.model.stop_training = True`.
    Beside Keras's hooks there is a probe, `on_step`, which sees each training step as a value;
    the fields of a Call that it reads should be named in `needs`, else they are computed twice.
    """

    needs: frozenset[str] = frozenset()
    """The fields of a Call, such as "output", that `fit` keeps in memory for `on_step`."""
    adds: frozenset[str] = frozenset()
    """The names of the logs that it adds at the end of an epoch, for those who watch them."""
    model: Learner
    params: Mapping[str, Any]
    """What `fit` was asked for: verbose, epochs, steps (per epoch); and the names of its logs."""

    def __init_subclass__(cls) -> None:
        _check_hooks(f"hook of {cls.__name__}", [n for n in vars(cls) if n.startswith("on_")])
        _check_needs(cls.needs)

    def set_model(self, model: Learner) -> None:
        """Called by `fit`, before everything else."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Called by `fit`, before everything else."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, and also when training was interrupted or failed."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation, with the epoch's logs."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step, with the batch's logs."""

    def on_step(self, step: Step) -> None:
        """With a training step that is computed but not applied yet."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After validation, with its logs."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def _check_hooks(what: str, names: Iterable[str]) -> None:
    """Refuse a misspelt hook: nothing would ever call it."""
    for name in names:
        if name not in HOOKS:
            raise UnknownNameError(what, name, HOOKS)


def _check_needs(needs: Iterable[str]) -> None:
    for name in needs:
        if name not in ALL:
            raise UnknownNameError("field of a Call in `needs`", name, ALL)


class CallbackList(Callback):
    """Hands every call on to each of some callbacks, in their order.

    Args:
        callbacks: the callbacks.
        model: the model that is trained.
        params: see `Callback.params`.

    Raises:
        CallbackError: one of them is no callback.
    """

    def __init__(self, callbacks: Iterable[Callback], model: Learner, params: Mapping[str, Any]):
        self.callbacks = tuple(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise CallbackError(f"callbacks: expected nn.Callback objects, got {callback!r}")
        self.needs = frozenset().union(*(callback.needs for callback in self.callbacks))
        for hook in HOOKS:
            if hook != "on_train_end":
                setattr(self, hook, self._relay(hook))
        if "logs" in params:
            added = frozenset().union(*(callback.adds for callback in self.callbacks))
            params = {**params, "logs": (*params["logs"], *added)}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def _relay(self, hook: str) -> Callable[..., None]:
        listeners = [getattr(callback, hook) for callback in self.callbacks]

        def relay(*args: Any, **kwargs: Any) -> None:
            for listener in listeners:
                listener(*args, **kwargs)

        return relay

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Reaches each callback, also when one before it fails: they may hold something."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(callback.on_train_end, logs)


class LambdaCallback(Callback):
    """A callback made of functions, by the name of their hook.

    Args:
        needs: as `Callback.needs`.
        hooks: for example on_epoch_end=lambda epoch, logs: ...

    Raises:
        UnknownNameError: there is no such hook.
    """

    def __init__(self, *, needs: Iterable[str] = (), **hooks: Callable[..., Any]):
        _check_hooks("hook of LambdaCallback", hooks)
        self.needs = frozenset(needs)
        _check_needs(self.needs)
        for name, function in hooks.items():
            setattr(self, name, function)


class History(Callback):
    """Keeps every epoch's logs; `fit` returns one."""

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        return f"History(epochs={len(self.epoch)}, logs={list(self.history)})"


class TerminateOnNaN(Callback):
    """Ends training at the first batch whose loss is NaN or infinite.

    Args:
        raise_error: raise instead of stopping with a warning.

    Raises:
        NonFiniteLossError: with raise_error, when it happens.
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the batch's loss."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        message = f"TerminateOnNaN: the loss is {loss} at batch {batch}"
        if self.raise_error:
            raise NonFiniteLossError(message)
        warnings.warn(f"{message}; training ends here", RuntimeWarning, stacklevel=2)
        self.model.stop_training = True


class CSVLogger(Callback):
    """Writes every epoch's logs to a CSV file, which is up to date after each epoch.

    The columns are those of the first epoch. A log that turns up later gets a column of its own,
    with "NA" wherever it is missing.

    Args:
        filename: the file; its folder must exist.
        separator: between the columns.
        append: go on with a file that is there already, instead of replacing it.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ):
        self.path = Path(filename)
        self.separator = separator
        self.append = append

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find the columns to go on with."""
        self._columns: list[str] = []
        if self.append and self.path.exists():
            with self.path.open(newline="") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), [])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append a row."""
        row = {"epoch": epoch, **(logs or {})}
        if not row.keys() <= set(self._columns):
            self._widen([name for name in row if name not in self._columns])
        with self.path.open("a", newline="") as file:
            self._writer(file).writerow(row)

    def _widen(self, names: list[str]) -> None:
        """Add columns: the header changes, so the file is written anew."""
        rows: list[dict[str, str]] = []
        if self._columns:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file, delimiter=self.separator))
        self._columns += names
        text = io.StringIO(newline="")
        writer = self._writer(text)
        writer.writeheader()
        writer.writerows(rows)
        with replacing(self.path) as replacement:
            replacement.write(text.getvalue().encode())

    def _writer(self, file: TextIO) -> csv.DictWriter[str]:
        return csv.DictWriter(file, self._columns, restval="NA", delimiter=self.separator)
