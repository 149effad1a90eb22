from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from tests.nets import conv_net
from tests.runs.trainings import fit


@pytest.fixture(scope="module")
def recorder() -> nn.Recorder:
    recorder, net = nn.Recorder(every=None), conv_net()
    fit(net, recorder, epochs=1)
    net.freeze("conv2d")
    fit(net, recorder, epochs=1)  # what lies in front of frozen layers has no gradient
    return recorder


def test_a_row_per_step(recorder: nn.Recorder) -> None:
    columns = recorder.to_dict()
    assert columns["step"].tolist() == recorder.steps
    assert {len(column) for column in columns.values()} == {6}
    np.testing.assert_array_equal(
        columns["dense/kernel.update.norm"], recorder["dense/kernel"].update.norm
    )


def test_a_row_per_step_and_tensor(recorder: nn.Recorder) -> None:
    columns = recorder.to_dict(tidy=True)
    assert list(columns)[:5] == ["step", "name", "quantity", "mean", "std"]
    (length,) = {len(column) for column in columns.values()}
    for row in range(0, length, 7):
        name, what = str(columns["name"][row]), str(columns["quantity"][row])
        place = recorder.steps.index(int(columns["step"][row]))
        series = getattr(recorder[name], what)
        for statistic in ("mean", "norm", "zeros", "nan"):
            assert columns[statistic][row] == getattr(series, statistic)[place]
    kernel = columns["step"][columns["name"] == "conv2d/kernel"]
    assert set(kernel.tolist()) == {0, 1, 2}  # not when it was frozen
    assert set(columns["quantity"]) == {"output", "output_gradient", "value", "gradient", "update"}


def test_a_file_holds_every_digit(recorder: nn.Recorder, tmp_path: Path) -> None:
    recorder.to_csv(tmp_path / "steps.csv")
    with (tmp_path / "steps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = recorder.to_dict(tidy=True)
    assert len(rows) == len(columns["step"])
    assert list(rows[0]) == list(columns)
    for name, column in columns.items():
        found = np.array([row[name] for row in rows]).astype(column.dtype)
        np.testing.assert_array_equal(found, column)


def test_nothing_recorded_is_a_table_without_rows(tmp_path: Path) -> None:
    nn.Recorder().to_csv(tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text().count("\n") == 1


def test_tidy_is_a_flag(recorder: nn.Recorder) -> None:
    with pytest.raises(ArgumentError, match="tidy: expected True or False"):
        recorder.to_dict(tidy="long")  # type: ignore[arg-type]
