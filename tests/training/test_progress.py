from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

from nnscratch.training.callbacks import CallbackError
from nnscratch.training.progress import (
    Progress,
    break_line,
    duration_text,
    log_texts,
    with_bar,
)
from tests.nets import linear


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def begin(verbose, stream, clock):
    progress = Progress(verbose, stream, clock)
    progress.set_params({"epochs": 10, "steps": 8})
    progress.on_train_begin()
    return progress


def show(verbose, stream, batches=3, seconds=0.5, end_epoch=True):
    """What one epoch of ten prints, with `seconds` per batch."""
    clock = Clock()
    progress = begin(verbose, stream, clock)
    progress.on_epoch_begin(2)
    for batch in range(batches):
        clock.now += seconds
        progress.on_train_batch_end(batch, {"loss": batch + 0.25})
    if end_epoch:
        progress.on_epoch_end(2, {"loss": 0.1234, "accuracy": 0.97})
    progress.on_train_end()
    return stream.getvalue()


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


LINE = "Epoch 3/10 - 1.5s - loss: 0.1234 - accuracy: 0.9700\n"


class TestLines:
    @pytest.mark.parametrize("verbose", ["auto", 1, 2])
    def test_elsewhere_than_on_a_terminal_only_the_line(self, verbose):
        assert show(verbose, io.StringIO()) == LINE

    def test_without_a_bar_on_a_terminal(self):
        assert show(2, Terminal()) == LINE

    def test_go_to_the_standard_output_of_the_moment(self, capsys):
        progress = Progress(2)
        progress.set_params({"epochs": 1, "steps": 1})
        progress.on_train_begin()
        progress.on_epoch_begin(0)
        progress.on_epoch_end(0, {})
        assert capsys.readouterr().out.startswith("Epoch 1/1 - ")

    @pytest.mark.parametrize("verbose", [0, 3, "yes", None])
    def test_verbose(self, verbose):
        with pytest.raises(CallbackError, match="verbose: expected 'auto', 0, 1 or 2, got"):
            Progress(verbose)


class TestBar:
    def test_is_replaced_by_the_line(self):
        shown = show("auto", Terminal())
        assert shown.endswith("\x1b[2K" + LINE)  # the bar's line is cleared first
        for done, loss in [(1, "0.2500"), (2, "1.2500"), (3, "2.2500")]:
            assert f"{done}/8" in shown
            assert f"loss: {loss}" in shown

    def test_tells_the_time_that_is_left(self):
        assert "0:02:30" in show(1, Terminal(), batches=3, seconds=30.0)

    def test_is_not_drawn_for_every_fast_batch(self):
        shown = show(1, Terminal(), batches=6, seconds=0.04)
        drawn = [f"{done}/8" in shown for done in (1, 2, 3, 4, 5, 6)]
        assert drawn == [False, False, True, False, False, True]

    def test_says_at_once_that_validation_runs(self):
        terminal = Terminal()
        progress = begin(1, terminal, Clock())
        progress.on_epoch_begin(0)
        progress.on_test_begin()
        assert "validating" in terminal.getvalue()
        progress.on_train_end()

    def test_gives_the_cursor_back_when_an_epoch_is_cut_short(self):
        shown = show(1, Terminal(), end_epoch=False)
        assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
        assert LINE not in shown


class TestTexts:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.12345, "0.1235"),
            (0.0, "0.0000"),
            (-0.001, "-0.0010"),
            (0.00099, "9.9000e-04"),
            (123456.0, "1.2346e+05"),
            (np.nan, "nan"),
            (-np.inf, "-inf"),
        ],
    )
    def test_numbers(self, value, text):
        assert log_texts({"loss": value}) == [f"loss: {text}"]

    @pytest.mark.parametrize(
        ("seconds", "text"), [(0.0421, "42ms"), (1.23, "1.2s"), (60, "1m00s"), (185.9, "3m05s")]
    )
    def test_durations(self, seconds, text):
        assert duration_text(seconds) == text

    def test_long_lines_are_broken_between_logs(self):
        parts = ["Epoch 3/10", "1.2s", "loss: 0.1234", "accuracy: 0.9702"]
        assert break_line(parts, None) == " - ".join(parts)
        assert break_line(parts, 51) == " - ".join(parts)
        assert break_line(parts, 50) == "Epoch 3/10 - 1.2s - loss: 0.1234\n  accuracy: 0.9702"


def test_importing_it_does_not_import_rich():
    code = "import sys, nnscratch.training.progress; print('rich' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"


@pytest.mark.parametrize(("verbose", "shown"), [("auto", True), (1, True), (0, False), (2, False)])
def test_bar_over_items_only_where_it_is_wanted(monkeypatch, verbose, shown):
    monkeypatch.setattr("sys.stdout", Terminal())
    assert list(with_bar("Predicting", [3, 1, 2], 3, verbose)) == [3, 1, 2]
    assert ("Predicting" in sys.stdout.getvalue()) == shown


def test_no_bar_over_items_elsewhere_than_on_a_terminal(capsys):
    assert list(with_bar("Predicting", [3, 1, 2], None, "auto")) == [3, 1, 2]
    assert capsys.readouterr().out == ""


def test_evaluate_and_predict_take_verbose():
    model = linear([[1.0]])
    x = np.ones((4, 1))
    assert model.evaluate(x, x, 2, 0) == model.evaluate(x, x, verbose="auto")
    np.testing.assert_array_equal(model.predict(x, 2, 0), x)
    with pytest.raises(CallbackError, match="verbose: expected"):
        model.predict(x, verbose="loud")
