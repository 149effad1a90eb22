from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.inspect.looks import BINS, Histogram
from nnscratch.viewer import recording
from nnscratch.viewer.recording import FAINTEST, booked, looks, spread, thinned, tracks
from tests.viewer.recorded import X, Y, digits_net


def unpacked(found):
    data = base64.b64decode(found["data"])
    return np.frombuffer(data, f"<{found['type']}").reshape(found["shape"])


@pytest.fixture(scope="module")
def watched():
    recorder, ledger, model = nn.Recorder(every=3), nn.Ledger(), digits_net()
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[recorder, ledger])
    return recorder, ledger


@given(st.integers(1, 300), st.integers(2, 40), st.integers(1, 12), st.sets(st.integers(0, 299)))
def test_the_ends_the_beginning_and_the_wanted_stay(count, most, first, wanted):
    steps = list(range(7, 7 + count))
    places = thinned(steps, most, first, wanted).tolist()
    assert places == sorted(set(places))
    assert {0, count - 1} <= set(places) <= set(range(count))
    assert set(range(min(first, most, count))) <= set(places)
    known = {step - 7 for step in wanted if step in steps}
    assert known <= set(places) or len(known) > most
    assert len(known & set(places)) >= min(len(known), most)
    assert len(places) <= most + min(first, most) + min(len(known), most)


def test_few_steps_are_all_there():
    assert thinned([3, 4, 9], 3).tolist() == [0, 1, 2]
    assert thinned([], 3).tolist() == []


def test_statistics_are_the_recorder_s(watched):
    recorder, _ = watched
    places = np.array([0, 4])
    found = tracks(recorder, places)
    assert set(found) == set(recorder)
    means = unpacked(found["conv2d/kernel"]["gradient"])[0]
    expected = recorder["conv2d/kernel"].gradient.mean[places]
    np.testing.assert_array_equal(means, expected.astype(np.float32))


def test_a_large_network_has_room_for_fewer_steps(watched, monkeypatch):
    recorder, _ = watched
    assert 1500 < recording.room(recorder) < recording.POINTS
    monkeypatch.setattr(recording, "NUMBERS", 9000)
    series = 2 * len(recorder.calls) + 3 * len(recorder.weights)
    assert recording.room(recorder) == 1000 // series


def test_densities_are_logarithmic():
    counts = np.zeros(BINS, np.int64)
    counts[:4] = 10_000, 100, 1, 0
    densities = unpacked(spread([Histogram(-1.0, 1.0, counts)])["densities"])
    middle = 1 + round(254 * (1 - np.log(0.01) / np.log(FAINTEST)))
    assert densities[0, :4].tolist() == [255, middle, 1, 0]


def test_looks_are_the_recorder_s(watched):
    recorder, _ = watched
    found = looks(recorder.looks)
    assert found["steps"] == [0, 3]
    own = found["histograms"]["conv2d/kernel"]
    assert set(own) == {"value", "gradient", "update"}
    look = recorder.looks[1].histograms["conv2d/kernel"]["value"]
    np.testing.assert_allclose(unpacked(own["value"]["ends"])[1], [look.low, look.high], rtol=1e-6)
    shown = unpacked(own["value"]["densities"])[1]
    np.testing.assert_array_equal(shown > 0, look.counts > 0)


def test_many_densities_are_shown_at_fewer_looks(watched, monkeypatch):
    recorder, _ = watched
    own = BINS * (2 * len(recorder.calls) + 3 * len(recorder.weights))
    taken = recorder.looks * 3
    monkeypatch.setattr(recording, "DENSITIES", 4 * own)
    assert looks(taken)["steps"] == [taken[place].step for place in (0, 2, 3, 5)]


def test_a_look_without_a_name_is_empty(watched):
    recorder, _ = watched
    other = nn.Recorder(every=1, select="dense/*")
    digits_net().fit(X[:16], Y[:16], verbose=0, callbacks=other)
    own = looks([*recorder.looks, *other.looks])["histograms"]["conv2d/kernel"]["value"]
    assert np.isnan(unpacked(own["ends"])[2]).all()
    assert not unpacked(own["densities"])[2].any()


def test_bookings_are_the_ledger_s_up_to_each_step(watched):
    _, ledger = watched
    found = booked(ledger, [0, 2, 5])
    course = ledger.course("dense/kernel")
    shown = unpacked(found["sums"]["dense/kernel"])
    np.testing.assert_array_equal(shown, course[[0, 2, 5]].astype(np.float32))
    np.testing.assert_allclose(unpacked(found["total"])[-1], ledger.total, rtol=1e-6)
    assert found["groups"] == ledger.members
