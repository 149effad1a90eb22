from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from tests.nets import assert_same_bits, conv_net, everything
from tests.runs.trainings import BreakOffError, Interrupt, fit


def interrupted(folder: Any, step: int, **arguments: Any) -> None:
    with pytest.raises(BreakOffError):
        fit(
            conv_net(),
            Interrupt("on_step", step),
            nn.BackupAndRestore(folder, **arguments),
            epochs=5,
        )


@pytest.mark.parametrize("arguments", [{}, {"save_freq": 2}])
@pytest.mark.parametrize("step", [1, 4, 11])
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    tmp_path: Any, step: int, arguments: Any
) -> None:
    expected = conv_net()
    fit(expected, epochs=5)
    interrupted(tmp_path, step, **arguments)
    assert (tmp_path / "backup").is_dir()
    found, seen = conv_net(), list[int]()
    listener = nn.LambdaCallback(on_step=lambda s: seen.append(s.index))
    fit(found, listener, nn.BackupAndRestore(tmp_path, **arguments), epochs=5)
    assert_same_bits(everything(found), everything(expected))
    every = arguments.get("save_freq", 3)  # batches of an epoch
    assert seen[0] == step - step % every
    assert list(tmp_path.iterdir()) == []


def test_when_it_is_through_the_next_one_begins_anew(tmp_path: Any) -> None:
    for _ in range(2):
        seen: list[int] = []
        listener = nn.LambdaCallback(on_step=lambda s, seen=seen: seen.append(s.index))
        fit(conv_net(), listener, nn.BackupAndRestore(tmp_path), epochs=1)
        assert seen == [0, 1, 2]


def test_a_backup_that_stays_leaves_nothing_to_do(tmp_path: Any) -> None:
    first, again, seen = conv_net(), conv_net(), list[int]()
    fit(first, nn.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    listener = nn.LambdaCallback(on_step=lambda s: seen.append(s.index))
    fit(again, listener, nn.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    assert seen == []
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])


def test_another_training_is_refused_and_its_backup_stays(tmp_path: Any) -> None:
    interrupted(tmp_path, 4)
    with pytest.raises(nn.RunError, match="another training"):
        fit(conv_net(seed=1), nn.BackupAndRestore(tmp_path), epochs=5)
    assert (tmp_path / "backup").is_dir()


def test_other_files_stay(tmp_path: Any) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    fit(conv_net(), nn.BackupAndRestore(tmp_path), epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_bad_arguments(tmp_path: Any) -> None:
    with pytest.raises(ArgumentError, match="BackupAndRestore save_freq"):
        nn.BackupAndRestore(tmp_path, 0)
    with pytest.raises(ArgumentError, match="BackupAndRestore: expected the name of a folder"):
        nn.BackupAndRestore("")
    with pytest.raises(ArgumentError, match="delete_checkpoint"):
        nn.BackupAndRestore(tmp_path, delete_checkpoint="no")
