"""Callbacks that watch one log: early stopping, and a lower learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from nnscratch.core.arguments import flag, number, whole
from nnscratch.core.errors import UnknownNameError, look_up
from nnscratch.kernels.ops import Array
from nnscratch.training.callbacks import Callback, CallbackError, Logs

RISING = ("acc", "accuracy", "auc", "precision", "recall", "score", "similarity")
"""How the names of logs end of which more is better ..."""
FALLING = ("loss", "penalty", "error", "crossentropy", "divergence", "hinge", "mse", "mae")
"""... and of those of which less is."""


class Monitor(Callback):
    """Base: watches one log, and knows when it improves.

    Args:
        monitor: the log's name, such as "val_loss".
        mode: what is better, "min" or "max"; "auto" goes by the name.
        min_delta: a change that is not larger is no improvement.
        verbose: 1 prints a line whenever the callback acts.

    Raises:
        UnknownNameError: an unknown mode; when training begins, a log that `fit` does not make and
            no callback names in `adds` (Keras warns after the first epoch).
        CallbackError: the name does not tell what is better.
        ArgumentError: a number that is none.
    """

    remembers: ClassVar[tuple[str, ...]] = ("best",)
    """The attributes that training changes."""

    def __init__(self, monitor: str, mode: str, min_delta: float, verbose: int):
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(number(f"{type(self).__name__} min_delta", min_delta))
        self.verbose = verbose
        self._sign = look_up("mode", mode, {"auto": 0, "min": -1, "max": 1}) or self._named_sign()
        self.best = self.worst = -self._sign * math.inf

    def _named_sign(self) -> int:
        if self.monitor.endswith(RISING):
            return 1
        if self.monitor.endswith(FALLING):
            return -1
        raise CallbackError(
            f"{type(self).__name__}: cannot tell whether more or less {self.monitor!r} is better; "
            "give mode='max' or mode='min'"
        )

    @property
    def watches(self) -> bool:
        """Whether the log decides anything."""
        return True

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Refuse a log that will not be there, before anything is trained."""
        super().set_params(params)
        if self.watches and "logs" in params:
            self._require(params["logs"])

    def current(self, logs: Logs | None) -> float:
        """The value of the log now."""
        logs = logs or {}
        self._require(logs)
        return logs[self.monitor]

    def _require(self, logs: Iterable[str]) -> None:
        if self.monitor not in logs:
            error = UnknownNameError(f"log in {type(self).__name__}", self.monitor, logs)
            if self.monitor.startswith("val_"):
                error.add_note("val_ logs need validation_data or validation_split in fit")
            raise error

    def improves(self, value: float, reference: float) -> bool:
        """Whether a value is better than another by more than min_delta. NaN never is."""
        return self._sign * (value - reference) > self.min_delta

    def state(self) -> Mapping[str, Any]:
        """What it has seen so far."""
        return {name: getattr(self, name) for name in self.remembers}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        for name in self.remembers:
            setattr(self, name, state[name])

    def report(self, epoch: int, action: str) -> None:
        """Tell what the callback does, where it was asked to."""
        if self.verbose:
            print(f"Epoch {epoch + 1}: {type(self).__name__} {action}")


class EarlyStopping(Monitor):
    """Ends training when a log has not improved for some epochs.

    Args:
        monitor, min_delta, verbose, mode: see `Monitor`.
        patience: how many epochs in a row may pass without improvement.
        baseline: improvement counts only where it also beats this value.
        restore_best_weights: when training ends, however it does, go back to the weights after
            the best epoch. The optimizer's memory stays that of the last one, as in Keras.
        start_from_epoch: epochs before this one are not looked at.

    Attributes:
        best, best_epoch: the best value and its epoch.
        stopped_epoch: the epoch that was the last, 0 if the callback did not end training.
    """

    remembers = ("best", "best_epoch", "stopped_epoch", "wait", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience = whole("EarlyStopping patience", patience, 0)
        self.baseline = None if baseline is None else number("EarlyStopping baseline", baseline)
        self.restore_best_weights = flag("EarlyStopping restore_best_weights", restore_best_weights)
        self.start_from_epoch = whole("EarlyStopping start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the training before."""
        self.best = self.worst
        self.best_epoch = self.stopped_epoch = self.wait = 0
        self.best_weights: list[Array] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best epoch so far."""
        current = self.current(logs)
        if epoch < self.start_from_epoch:
            return
        improved = self.improves(current, self.best)
        if improved:
            self.best, self.best_epoch = current, epoch
        if self.restore_best_weights and (improved or self.best_weights is None):
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        if improved and (self.baseline is None or self.improves(current, self.baseline)):
            self.wait = 0
            return
        self.wait += 1
        if self.wait >= self.patience and not improved and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self.report(
                epoch, f"ends training, {self.monitor} was best in epoch {self.best_epoch + 1}"
            )

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Go back to the best weights."""
        if self.best_weights is not None:
            self.report(self.best_epoch, "restores these weights")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a log has not improved for some epochs.

    The learning rate joins the epoch's logs as "learning_rate".

    Args:
        monitor, min_delta, verbose, mode: see `Monitor`.
        factor: new rate = factor * old rate; between 0 and 1.
        patience: how many epochs in a row may pass without improvement.
        cooldown: how many epochs to wait after a reduction before counting again.
        min_lr: the rate does not fall below.

    Raises:
        ArgumentError: a factor outside of (0, 1), or what is no number of epochs or rate.
    """

    adds = frozenset({"learning_rate"})
    remembers = ("best", "wait", "_cooling")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta, verbose)
        self.factor = number("ReduceLROnPlateau factor", factor, above=0, below=1)
        self.patience = whole("ReduceLROnPlateau patience", patience, 0)
        self.cooldown = whole("ReduceLROnPlateau cooldown", cooldown, 0)
        self.min_lr = number("ReduceLROnPlateau min_lr", min_lr, low=0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the training before."""
        self.best = self.worst
        self.wait = self._cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best value so far."""
        current = self.current(logs)
        if logs is not None:
            logs["learning_rate"] = self.model.learning_rate
        if self._cooling > 0:
            self._cooling -= 1
        if self.improves(current, self.best):
            self.best = current
            self.wait = 0
        elif self._cooling == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = self.model.learning_rate
        if old <= self.min_lr:
            return
        self.model.learning_rate = new = max(old * self.factor, self.min_lr)
        self.report(epoch, f"lowers the learning rate from {old:g} to {new:g}")
        self._cooling = self.cooldown
        self.wait = 0
