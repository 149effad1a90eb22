"""What a run knows at its checkpoints: its model, and its callbacks."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from tests.nets import conv_net
from tests.runs.trainings import Steps, X, Y, fit


def test_models_at_checkpoints_and_between(tmp_path):
    steps, run = Steps(), nn.Run(tmp_path, every=4)
    fit(conv_net(), steps, run)
    assert run.checkpoints == [0, 4, 8, 9]
    opened = nn.Run.open(tmp_path, data=(X, Y))
    for index in (0, 4, 6):
        model = opened.model_at(index)
        assert model.iteration == index
        before = steps.steps[index].before
        assert all(np.array_equal(model.params[path], before[path]) for path in before)
        assert model is not opened.model
    last = opened.model_at(9)
    assert np.array_equal(last.params["dense/kernel"], run.model.params["dense/kernel"])
    with pytest.raises(nn.RunError, match="step 10 was not recorded"):
        opened.model_at(10)
    with pytest.raises(ArgumentError, match="model_at: expected a whole number"):
        opened.model_at("last")


def test_at_checkpoints_no_data_are_needed(tmp_path):
    fit(conv_net(), nn.Run(tmp_path, every=4))
    opened = nn.Run.open(tmp_path)
    assert opened.model_at(4).iteration == 4
    with pytest.raises(nn.RunError, match="data are needed"):
        opened.model_at(5)
    with pytest.raises(nn.RunError, match="data are needed"):
        _ = opened.rows


def test_callbacks_know_again(tmp_path):
    recorder, ledger = nn.Recorder(every=3), nn.Ledger()
    run = nn.Run(tmp_path, every=4)
    fit(conv_net(), recorder, ledger, run)
    for source in (run, nn.Run.open(tmp_path)):
        again = source.recall(nn.Recorder())
        assert again.steps == recorder.steps
        assert [look.step for look in again.looks] == [0, 3, 6]
        found, expected = again.to_dict(), recorder.to_dict()
        assert all(np.array_equal(found[n], expected[n], equal_nan=True) for n in expected)
        assert source.recall(nn.Ledger()).entries == ledger.entries


def test_callbacks_that_were_not_there(tmp_path):
    run = nn.Run(tmp_path)
    fit(conv_net(), nn.Recorder(), nn.Recorder(), run)
    with pytest.raises(nn.UnknownNameError, match=r"unknown callback 'Ledger'.*: History, Rec"):
        run.recall(nn.Ledger())
    with pytest.raises(nn.RunError, match="the training had 2 callbacks Recorder"):
        run.recall(nn.Recorder())
    with pytest.raises(ArgumentError, match="expected a callback, such as nn"):
        run.recall(nn.Recorder)


def test_the_ends_of_epochs(tmp_path):
    run = nn.Run(tmp_path)
    fit(conv_net(), run)
    assert run.epoch_ends == nn.Run.open(tmp_path).epoch_ends == [2, 5, 8]
    assert len(run.rows) == 13
