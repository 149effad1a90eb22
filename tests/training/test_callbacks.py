from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from nnscratch.core.errors import UnknownNameError
from nnscratch.training.callbacks import (
    HOOKS,
    Callback,
    CallbackError,
    CallbackList,
    History,
    LambdaCallback,
    NonFiniteLossError,
    TerminateOnNaN,
)
from nnscratch.training.csv_logger import CSVLogger


def listeners(*callbacks):
    """The callbacks, as `fit` would call them, with a model that can be stopped."""
    return CallbackList(callbacks, SimpleNamespace(stop_training=False), {"epochs": 3, "steps": 2})


def run_epochs(*logs, callbacks):
    everyone = listeners(*callbacks)
    everyone.on_train_begin()
    for epoch, entry in enumerate(logs):
        everyone.on_epoch_end(epoch, dict(entry))
    everyone.on_train_end()


class TestCallback:
    def test_a_misspelt_hook_is_found_when_the_class_is_made(self):
        with pytest.raises(UnknownNameError, match=r"hook of Mine 'on_epoch_ends'.*'on_epoch_end'"):

            class Mine(Callback):
                def on_epoch_ends(self, epoch, logs=None): ...

    def test_misspelt_needs_are_found_when_the_class_is_made(self):
        with pytest.raises(UnknownNameError, match=r"'outputs': did you mean 'output'"):

            class Mine(Callback):
                needs = frozenset({"outputs"})


class TestCallbackList:
    def test_every_hook_reaches_everybody_in_order(self):
        heard = []

        def note(who, hook):
            return lambda *args, **kwargs: heard.append((who, hook, args, kwargs))

        everyone = listeners(
            *(LambdaCallback(**{hook: note(who, hook) for hook in HOOKS}) for who in "ab")
        )
        for hook in HOOKS:
            arguments = (5, {"loss": 1.0}) if "epoch" in hook or "batch" in hook else ({},)
            getattr(everyone, hook)(*arguments)
            assert heard == [(who, hook, arguments, {}) for who in "ab"]
            heard.clear()

    def test_who_wants_to_is_heard_last(self):
        heard = []

        class Behind(Callback):
            heard_last = True

            def on_epoch_end(self, epoch, logs=None):
                heard.append("behind")

            def on_train_end(self, logs=None):
                heard.append("behind")

        other = LambdaCallback(
            on_epoch_end=lambda epoch, logs: heard.append("other"),
            on_train_end=lambda logs: heard.append("other"),
        )
        everyone = listeners(Behind(), other)
        everyone.on_epoch_end(0, {})
        everyone.on_train_end({})
        assert heard == ["other", "behind"] * 2

    def test_callbacks_know_model_and_params(self):
        callback = Callback()
        everyone = listeners(callback)
        everyone.callbacks[0].model.stop_training = True
        assert callback.model.stop_training
        assert callback.params["steps"] == 2

    def test_needs_are_joined(self):
        class One(Callback):
            needs = frozenset({"output"})

        two = LambdaCallback(needs=["cache", "output"])
        assert listeners(One(), two, Callback()).needs == {"output", "cache"}
        assert listeners().needs == frozenset()

    @pytest.mark.parametrize("wrong", [print, Callback, "EarlyStopping", None])
    def test_only_callbacks(self, wrong):
        with pytest.raises(CallbackError, match=r"expected nn\.Callback objects, got"):
            listeners(Callback(), wrong)

    def test_the_end_reaches_those_behind_one_that_fails(self):
        ended = []

        def fail(logs):
            raise ZeroDivisionError

        everyone = listeners(
            LambdaCallback(on_train_end=lambda logs: ended.append("first")),
            LambdaCallback(on_train_end=fail),
            LambdaCallback(on_train_end=lambda logs: ended.append("last")),
        )
        with pytest.raises(ZeroDivisionError):
            everyone.on_train_end()
        assert ended == ["first", "last"]

    def test_training_ends_for_those_who_began_where_one_cannot(self):
        heard = []

        def fail(logs):
            raise ZeroDivisionError

        everyone = listeners(
            LambdaCallback(on_train_end=lambda logs: heard.append("first")),
            LambdaCallback(on_train_begin=fail, on_train_end=lambda logs: heard.append("failed")),
            LambdaCallback(on_train_end=lambda logs: heard.append("behind")),
        )
        with pytest.raises(ZeroDivisionError):
            everyone.on_train_begin()
        assert heard == ["first"]

    def test_what_one_adds_to_the_logs_the_next_sees(self):
        history = History()
        add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
        run_epochs({"loss": 1.0}, {"loss": 0.5}, callbacks=[add, history])
        assert history.history == {"loss": [1.0, 0.5], "extra": [0, 1]}
        assert history.epoch == [0, 1]


class TestLambdaCallback:
    def test_unknown_hook(self):
        with pytest.raises(UnknownNameError, match="'on_batch_end'"):
            LambdaCallback(on_batch_end=print)

    def test_unknown_need(self):
        with pytest.raises(UnknownNameError, match="'gradient'"):
            LambdaCallback(needs=["gradient"])


class TestTerminateOnNaN:
    @pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
    def test_stops_with_a_warning(self, loss):
        callback = TerminateOnNaN()
        everyone = listeners(callback)
        everyone.on_train_batch_end(6, {"loss": 1e30})
        assert not callback.model.stop_training
        with pytest.warns(RuntimeWarning, match=f"the loss is {loss} at batch 7"):
            everyone.on_train_batch_end(7, {"loss": loss})
        assert callback.model.stop_training

    def test_raises_on_demand(self):
        with pytest.raises(NonFiniteLossError, match="the loss is nan at batch 7"):
            listeners(TerminateOnNaN(raise_error=True)).on_train_batch_end(7, {"loss": np.nan})


def test_history_goes_on_with_what_it_told():
    one, other = History(), History()
    run_epochs({"loss": 1.0}, {"loss": 0.5}, callbacks=[one])
    other.restore(one.state())
    other.on_epoch_end(2, {"loss": 0.25})
    assert (other.epoch, other.history) == ([0, 1, 2], {"loss": [1.0, 0.5, 0.25]})
    assert len(one.epoch) == 2


def read_table(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


class TestCSVLogger:
    def test_rows_are_there_after_each_epoch(self, tmp_path):
        path = tmp_path / "log.csv"
        everyone = listeners(CSVLogger(path))
        everyone.on_train_begin()
        everyone.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.25})
        assert read_table(path) == [["epoch", "loss", "accuracy"], ["0", "0.5", "0.25"]]
        everyone.on_epoch_end(1, {"accuracy": 0.75, "loss": 0.125})
        assert read_table(path)[2:] == [["1", "0.125", "0.75"]]

    def test_numbers_survive(self, tmp_path):
        path = tmp_path / "log.csv"
        loss = float(np.float32(0.1))
        run_epochs({"loss": loss}, callbacks=[CSVLogger(path)])
        assert float(read_table(path)[1][1]) == loss

    def test_separator_and_line_ends(self, tmp_path):
        path = tmp_path / "log.csv"
        run_epochs({"loss": 0.5}, {"loss": 0.25}, callbacks=[CSVLogger(path, separator=";")])
        assert path.read_bytes() == b"epoch;loss\r\n0;0.5\r\n1;0.25\r\n"

    def test_a_new_log_gets_a_column(self, tmp_path):
        path = tmp_path / "log.csv"
        logs = [{"loss": 3.0}, {"loss": 2.0, "val_loss": 4.0}, {"loss": 1.0}]
        run_epochs(*logs, callbacks=[CSVLogger(path)])
        assert read_table(path) == [
            ["epoch", "loss", "val_loss"],
            ["0", "3.0", "NA"],
            ["1", "2.0", "4.0"],
            ["2", "1.0", "NA"],
        ]

    def test_replaces_an_old_file(self, tmp_path):
        path = tmp_path / "log.csv"
        path.write_text("old")
        run_epochs({"loss": 0.5}, callbacks=[CSVLogger(path)])
        assert read_table(path) == [["epoch", "loss"], ["0", "0.5"]]

    @pytest.mark.parametrize("old", [None, ""])
    def test_appends_to_nothing(self, tmp_path, old):
        path = tmp_path / "log.csv"
        if old is not None:
            path.write_text(old)
        run_epochs({"loss": 0.5}, callbacks=[CSVLogger(path, append=True)])
        assert read_table(path) == [["epoch", "loss"], ["0", "0.5"]]

    def test_appends_in_the_old_files_columns(self, tmp_path):
        path = tmp_path / "log.csv"
        run_epochs({"accuracy": 0.5, "loss": 2.0}, callbacks=[CSVLogger(path)])
        run_epochs({"loss": 1.0, "lr": 0.1}, callbacks=[CSVLogger(path, append=True)])
        assert read_table(path) == [
            ["epoch", "accuracy", "loss", "lr"],
            ["0", "0.5", "2.0", "NA"],
            ["0", "NA", "1.0", "0.1"],
        ]

    def test_forgets_what_came_after_the_state_that_it_goes_on_from(self, tmp_path):
        path = tmp_path / "log.csv"
        logs = [{"loss": 3.0}, {"loss": 2.0}, {"loss": 1.0, "lr": 0.1}]
        logger, again = CSVLogger(path), CSVLogger(path)
        logger.on_train_begin()
        states = []
        for epoch, entry in enumerate(logs):
            states.append(logger.state())
            logger.on_epoch_end(epoch, entry)
        whole = path.read_bytes()
        for done, state in enumerate(states):
            again.on_train_begin()
            again.restore(state)
            for epoch in range(done, 3):
                again.on_epoch_end(epoch, logs[epoch])
            assert path.read_bytes() == whole
