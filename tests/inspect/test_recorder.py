from __future__ import annotations

import numpy as np

import nnscratch as nn
from nnscratch.inspect.recorder import Recorder


class Spy(nn.Callback):
    """Keeps every step."""

    def __init__(self) -> None:
        self.steps: list[nn.Step] = []

    def on_step(self, step: nn.Step) -> None:
        self.steps.append(step)


def recorded(points: int) -> tuple[Recorder, list[nn.Step]]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    model = nn.Sequential(
        [
            nn.Input((3,)),
            nn.Dense(4, activation="sigmoid"),
            nn.Dense(2, kernel_initializer="zeros"),
        ],
        backend="numpy",
        dtype="float64",
        seed=0,
    )
    model.compile(nn.SGD(0.5), nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    recorder, spy = Recorder(points), Spy()
    model.fit(x, y, batch_size=4, epochs=3, verbose=0, callbacks=[recorder, spy])
    return recorder, spy.steps


def test_records_the_first_steps_and_the_last() -> None:
    recorder, steps = recorded(points=8)
    assert recorder.steps[:3] == [0, 1, 2]
    assert recorder.steps[-1] == len(steps) - 1
    assert len(recorder.steps) <= 8
    assert recorder.loss == [steps[i].loss for i in recorder.steps]


def test_every_list_has_an_entry_for_each_recorded_step() -> None:
    recorder, _ = recorded(points=8)
    kernel = recorder.tracks["dense/kernel"]
    lists = [kernel.gradient, kernel.ratio, kernel.distinct, *recorder.attenuation.values()]
    assert {len(entries) for entries in lists} == {len(recorder.steps)}


def test_sees_the_largest_gradient_of_steps_that_it_does_not_record() -> None:
    recorder, steps = recorded(points=2)
    assert len(recorder.steps) < len(steps)
    for path, track in recorder.tracks.items():
        assert track.largest_gradient == max(np.abs(step.gradient(path)).max() for step in steps)


def test_zeros_have_no_ratio_and_one_unit_before_their_first_step() -> None:
    recorder, _ = recorded(points=8)
    output = recorder.tracks["dense_1/kernel"]
    assert output.ratio[0] is None
    assert output.ratio[1] is not None
    assert output.distinct[:2] == [1, 2]
    assert recorder.attenuation["dense_1#0"][0] == 0.0
    assert recorder.tracks["dense/kernel"].gradient[0] == 0.0


def test_biases_have_no_units() -> None:
    recorder, _ = recorded(points=4)
    assert recorder.tracks["dense/bias"].distinct == []
