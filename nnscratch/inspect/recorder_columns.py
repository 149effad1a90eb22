"""What a recorder holds as columns of a table."""

from __future__ import annotations

import csv
import io
import os

import numpy as np

from nnscratch.inspect.series import Book
from nnscratch.kernels.ops import STATISTICS, Array
from nnscratch.training.atomic import replacing


def wide(book: Book) -> dict[str, Array]:
    """A row per step: its index, its loss, and a column for each statistic of each tensor."""
    columns = {"step": book.index, "loss": book.loss}
    for name, what in book.numbers:
        for statistic, column in book.series((name, what)).columns().items():
            columns[f"{name}.{what}.{statistic}"] = column
    return columns


def tidy(book: Book) -> dict[str, Array]:
    """A row per step and tensor that it had: index, name and quantity, and the statistics."""
    seen = ~np.isnan(book.rows[:, :, STATISTICS.index("nan")])  # (steps, tensors)
    steps, tensors = np.nonzero(seen)
    names = np.array([name for name, _ in book.numbers], str)
    quantities = np.array([what for _, what in book.numbers], str)
    columns = {"step": book.index[steps], "name": names[tensors], "quantity": quantities[tensors]}
    rows = book.rows[steps, tensors]  # (rows, statistics)
    return {**columns, **{name: rows[:, place] for place, name in enumerate(STATISTICS)}}


def write_csv(file: str | os.PathLike[str], columns: dict[str, Array]) -> None:
    """Write columns of one length as comma-separated values; numbers keep every digit."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    with replacing(file) as opened:
        opened.write(text.getvalue().encode())
