"""A doctor looks on: nothing of a training is another one because of it."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor.survey import survey
from nnscratch.training.feeding import training_rows
from tests.nets import assert_same_bits, contents, conv_net, images


def left_behind(callbacks: list[nn.Callback], optimizer: str) -> dict[str, np.ndarray]:
    """Losses, and the next step: weights, moving averages, slots, and what dropout drew."""
    x, y = images(24)
    model = conv_net(optimizer=optimizer)
    history = model.fit(x, y, batch_size=5, epochs=3, verbose=0, callbacks=callbacks)
    return contents(model.train_step(x, y)) | {"losses": np.array(history.history["loss"])}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_weights_slots_and_random_masks_are_the_same_bits(optimizer):
    alone, watched = (left_behind(callbacks, optimizer) for callbacks in ([], [nn.Doctor()]))
    assert_same_bits(watched, alone)


def test_a_survey_changes_nothing_and_repeats_itself():
    x, y = images(24)
    model = conv_net()
    model.fit(x, y, batch_size=5, verbose=0)
    rows = training_rows(model, x, y)
    before = contents(model.compute_step(rows))
    once, again = (survey(model, rows, epochs=2) for _ in range(2))
    assert once.index == again.index == model.iteration
    assert (once.loss, once.kernels) == (again.loss, again.kernels)
    np.testing.assert_array_equal(once.y, again.y)
    assert_same_bits(contents(model.compute_step(rows)), before)


def test_a_closer_look_is_taken_ever_more_rarely():
    x, y = images(200)
    model = conv_net()
    doctor = nn.Doctor()
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[doctor])
    looks = [pace.index for pace in doctor._chart.course.paces]
    assert looks[:5] == [0, 1, 2, 3, 4]
    assert len(looks) < 25
    assert looks[-1] > 150
