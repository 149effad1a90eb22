"""CSVLogger: the logs of every epoch in a file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from nnscratch.training.atomic import replacing
from nnscratch.training.callbacks import Callback, Logs


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

    def state(self) -> Mapping[str, Any]:
        """The file, in which later epochs may stand when training is interrupted."""
        text = self.path.read_bytes().decode() if self._columns else None
        return {"columns": list(self._columns), "text": text}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let the file be what it was."""
        self._columns = list(state["columns"])
        if state["text"] is not None:
            with replacing(self.path) as replacement:
                replacement.write(state["text"].encode())

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
