"""BackupAndRestore: a training that goes on where its process died."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnscratch.core.arguments import flag, positive
from nnscratch.runs.beginning import Settings
from nnscratch.runs.folder import named
from nnscratch.runs.run import Run
from nnscratch.training.callbacks import Logs

FOLDER = "backup"
KEEP = 2


class BackupAndRestore(Run):
    """Keeps what an interrupted training needs to go on, and removes it when it is through.

    Start the same script again: it goes on from the last backup, to the bits that it would have
    come to without the interruption. It is a `Run` that forgets; keep a Run to look back.

    Args:
        backup_dir: a folder; what is kept lies in its folder "backup". It is made where missing.
        save_freq: "epoch", or a number of batches.
        delete_checkpoint: whether the backup is removed when training is through; else the same
            script, started again, has nothing left to do.

    Raises:
        RunError: the backup is of another training, or damaged.
        ArgumentError: an argument that is none.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        *,
        delete_checkpoint: bool = True,
    ):
        self._each_epoch = save_freq == "epoch"
        every = 1 if self._each_epoch else positive("BackupAndRestore save_freq", save_freq)
        self._deletes = flag("BackupAndRestore delete_checkpoint", delete_checkpoint)
        folder = Path(named("BackupAndRestore", backup_dir), FOLDER)
        super().__init__(folder, every=every, keep=KEEP, resume=True)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Find out how many batches an epoch has."""
        super().set_params(params)
        if self._each_epoch:
            self._settings = Settings(params["steps"], KEEP)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the backup, if training is through."""
        super().on_train_end(logs)
        if self._is_through and self._deletes:
            shutil.rmtree(self.folder)
