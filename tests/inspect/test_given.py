from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from tests.nets import conv_net, images

WRONG = [conv_net(), None, "conv2d", 5, {}, nn.Recorder(), nn.Recorder, np.ones(3)]
STEP = conv_net().train_step(*images())


@pytest.mark.parametrize("given", WRONG, ids=lambda given: type(given).__name__)
@pytest.mark.parametrize("call", [nn.attenuation, nn.shares])
def test_a_step_or_a_tape_is_asked_for(call: Callable[[Any], Any], given: Any) -> None:
    name = call.__name__
    with pytest.raises(ArgumentError, match=rf"^{name}: expected a step, such as model.train_step"):
        call(given)


def test_a_model_is_named_in_the_message() -> None:
    with pytest.raises(ArgumentError, match=r"run backward; got <Sequential sequential>$"):
        nn.attenuation(WRONG[0])


@pytest.mark.parametrize("given", [*WRONG, STEP.calls], ids=lambda given: type(given).__name__)
def test_a_recorder_takes_steps(given: Any) -> None:
    recorder = nn.Recorder()
    with pytest.raises(ArgumentError, match=r"^Recorder.record: expected a step, such as"):
        recorder.record(given)
    with pytest.raises(ArgumentError, match=r"^Recorder.look: expected a step, such as"):
        recorder.look(given)
    assert recorder.steps == recorder.looks == []


@pytest.mark.parametrize("select", [5, None, conv_net(), ["conv2d", 5], b"conv2d"])
def test_patterns_are_texts(select: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^Recorder select: expected a pattern .*; got"):
        nn.Recorder(select=select)


@pytest.mark.parametrize("step", ["0", None, 1.0, True, STEP])
def test_a_table_is_of_a_number(step: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^Recorder.table step: expected a whole number"):
        nn.Recorder().table(step)


@pytest.mark.parametrize("name", [0, None, ["conv2d"], {}, STEP.calls])
def test_names_are_texts(name: Any) -> None:
    recorder = nn.Recorder()
    recorder.record(STEP)
    factors, shares = nn.attenuation(STEP), nn.shares(STEP)
    for table in (recorder, factors, factors.path, shares, STEP, STEP.calls):
        look_up = table if callable(table) else table.__getitem__
        with pytest.raises(nn.UnknownNameError, match=r"^unknown "):
            look_up(name)
