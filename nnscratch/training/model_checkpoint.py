"""ModelCheckpoint: the weights in files, as training goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnscratch.core.arguments import positive
from nnscratch.training.callbacks import CallbackError, Logs
from nnscratch.training.monitors import Monitor


class ModelCheckpoint(Monitor):
    """Saves the model's weights as training goes on.

    Args:
        filepath: where, as a format of the epoch (from 1), with save_freq in batches also of the
            batch (from 1), and of the logs: "run/{epoch:02d}-{val_loss:.2f}.safetensors".
            Missing folders are made.
        monitor, verbose, mode: see `Monitor`.
        save_best_only: save only when the log has improved. Unlike in `EarlyStopping`, the best
            value lasts over several calls of `fit`: the file holds the best of them all.
        save_weights_only: True, and here the default: code builds the model, files hold weights.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what the first value to be saved must improve on.

    Raises:
        CallbackError: save_weights_only=False, or a filepath that cannot be filled in.
    """

    remembers = ("best", "_batches")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = True,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode, 0.0, verbose)
        if not save_weights_only:
            raise CallbackError(
                "ModelCheckpoint: save_weights_only=False is not offered; keep the code that "
                "builds the model, and load the weights into what it builds"
            )
        self.filepath = os.fspath(filepath)
        self.save_best_only = save_best_only
        self._every = None if save_freq == "epoch" else positive("save_freq", save_freq)
        if initial_value_threshold is not None:
            self.best = initial_value_threshold

    @property
    def watches(self) -> bool:
        """Only where the best is kept; with every batch saved, its logs are the batch's."""
        return self.save_best_only and self._every is None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Fill the filepath in once for trial, before anything is trained."""
        super().set_params(params)
        if "logs" in params:
            batch = {} if self._every is None else {"batch": 1.0}
            self._path(0, {**dict.fromkeys(params["logs"], 0.0), **batch})

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count batches from here."""
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember which epoch the batches belong to."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save every `save_freq` batches."""
        self._batches += 1
        if self._every is not None and self._batches % self._every == 0:
            self._save(self._epoch, {**(logs or {}), "batch": batch + 1})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save every epoch."""
        if self._every is None:
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            current = self.current(logs)
            if not self.improves(current, self.best):
                return
            self.best = current
        path = self._path(epoch, logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save_weights(str(path))
        self.report(epoch, f"saves the weights to {path}")

    def _path(self, epoch: int, logs: Logs) -> Path:
        fields = {**logs, "epoch": epoch + 1}
        try:
            return Path(self.filepath.format(**fields))
        except (LookupError, ValueError) as error:
            raise CallbackError(
                f"ModelCheckpoint: {self.filepath!r} cannot be filled in ({error}); "
                f"known: {', '.join(sorted(fields))}"
            ) from error
