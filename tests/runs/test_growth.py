"""What only grows is kept once, and comes back whatever breaks off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.runs.growth import FOLDER, Growth, Part
from nnscratch.runs.packing import pack, unpack
from nnscratch.training.callbacks import CallbackError
from tests.nets import conv_net
from tests.runs.trainings import BreakOffError, Interrupt, fit

ROWS = np.random.default_rng(0).standard_normal((40, 3))


def states(rows):
    return [("Mine", {"deep": [1, {"rows": nn.Growing(rows)}], "other": "text"})]


def through_json(found):
    return [(kind, unpack(pack(state, {}, ""), {})) for kind, state in found]


def rows_in(found):
    ((_, state),) = found
    assert state["other"] == "text"
    return state["deep"][1]["rows"]


def sizes(folder):
    return [path.stat().st_size for path in sorted((folder / FOLDER).iterdir())]


moves = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12)


@given(moves=moves)
def test_every_checkpoint_has_its_rows_and_each_row_is_kept_once(tmp_path_factory, moves):
    folder = tmp_path_factory.mktemp("run")
    growth, kept, count = Growth(folder), [], 0
    for breaks_off, more in [(False, 2), *moves]:
        if breaks_off:  # the training goes on from the newest checkpoint, with other rows
            growth, count = Growth(folder), len(kept[-1][1])
            np.testing.assert_array_equal(rows_in(growth.resume(kept[-1][0])), kept[-1][1])
        count = min(count + more, len(ROWS))
        kept.append((through_json(growth.keep(states(ROWS[:count]))), ROWS[:count]))
    assert sizes(folder) == [kept[-1][1].nbytes]
    for found, rows in kept:
        np.testing.assert_array_equal(rows_in(Growth(folder).resume(found)), rows)


def test_what_stands_behind_the_checkpoint_is_overwritten(tmp_path):
    growth = Growth(tmp_path)
    early = growth.keep(states(ROWS[:4]))
    growth.keep(states(ROWS[:9]))
    again = Growth(tmp_path)
    again.resume(early)
    other = np.concatenate([ROWS[:4], ROWS[30:32]])
    np.testing.assert_array_equal(rows_in(again.resume(again.keep(states(other)))), other)
    assert sizes(tmp_path) == [other.nbytes]


@pytest.mark.parametrize(
    "other", [ROWS[:3], ROWS[:6, :2], ROWS[:6].astype(np.float32)[:, [0, 1, 2, 0, 1, 2]]]
)
def test_rows_that_do_not_go_on_have_a_file_of_their_own(tmp_path, other):
    growth = Growth(tmp_path)
    early, late = growth.keep(states(ROWS[:5])), growth.keep(states(other))
    assert sizes(tmp_path) == [ROWS[:5].nbytes, other.nbytes]
    for found, rows in ((early, ROWS[:5]), (late, other)):
        again = rows_in(Growth(tmp_path).resume(found))
        assert (again.dtype, again.tolist()) == (rows.dtype, rows.tolist())


@pytest.mark.parametrize("rows", [ROWS[:0], np.empty((7, 0, 9), np.int64)])
def test_rows_without_a_byte_need_no_file(tmp_path, rows):
    found = through_json(Growth(tmp_path).keep(states(rows)))
    again = rows_in(Growth(tmp_path).resume(found))
    assert (again.shape, again.dtype) == (rows.shape, rows.dtype)
    assert not (tmp_path / FOLDER).exists()


def test_it_grows_from_nothing(tmp_path):
    growth = Growth(tmp_path)
    growth.keep(states(ROWS[:0]))
    np.testing.assert_array_equal(rows_in(growth.resume(growth.keep(states(ROWS)))), ROWS)


def test_what_is_no_number_is_refused_as_in_any_array(tmp_path):
    ((_, state),) = Growth(tmp_path).keep(states(np.array([print])))
    with pytest.raises(nn.RunError, match=r"cannot be kept"):
        pack(state, {}, "state")


@pytest.mark.parametrize("rows", [[1.0, 2.0], 3.0, np.zeros(())])
def test_what_has_no_rows_cannot_grow(rows):
    with pytest.raises(CallbackError, match="Growing: expected an array"):
        nn.Growing(rows)


# -- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: None, "is missing"),
        (lambda content: content[:-1], "was cut off; expected 240 bytes, got 239"),
        (lambda content: content[:100] + b"!" + content[101:], "is damaged"),
    ],
)
def test_damaged_files(tmp_path, damage, message):
    found = Growth(tmp_path).keep(states(ROWS[:10]))
    (path,) = (tmp_path / FOLDER).iterdir()
    content = damage(path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(nn.RunError, match=rf"001\.rows: {message}"):
        Growth(tmp_path).resume(found)


@pytest.mark.parametrize(
    "part", [Part("../secret", 1, (), "|u1"), Part("001.rows", 1, (), "|O"), Part("", 1, (), "|u1")]
)
def test_forged_parts_read_no_other_file_and_make_no_objects(tmp_path, part):
    (tmp_path / "secret").write_bytes(bytes(8))
    Growth(tmp_path).keep(states(ROWS))
    with pytest.raises(nn.RunError, match="is nothing that a run keeps"):
        Growth(tmp_path).resume([("Mine", {"deep": part})])


# -- in a run -------------------------------------------------------------------------------------


def watchers():
    return [nn.Recorder(every=2), nn.Ledger()]


def told(callbacks):
    arrays = {}
    states = [pack(callback.state(), arrays, str(n)) for n, callback in enumerate(callbacks)]
    return states, {place: array.tobytes() for place, array in arrays.items()}


def test_checkpoints_stay_small_however_much_is_recorded(tmp_path):
    fit(conv_net(), nn.Recorder(every=1), nn.Run(tmp_path, every=3), epochs=20)
    _, second, *_, last = sorted((tmp_path / "checkpoints").iterdir())
    epochs = 3000  # the logs of History
    assert last.stat().st_size - second.stat().st_size < epochs
    assert sum(sizes(tmp_path)) > 300 * epochs


@pytest.mark.parametrize("number", [0, 1, 4, 6, 8])
def test_recorder_and_ledger_know_what_they_would_know(tmp_path, number):
    expected = watchers()
    fit(conv_net(), *expected, nn.Run(tmp_path / "whole", every=2))
    strike = Interrupt("on_step", number)
    with pytest.raises(BreakOffError):
        fit(conv_net(), *watchers(), nn.Run(tmp_path / "run", every=2), strike)
    found = watchers()
    fit(conv_net(), *found, nn.Run(tmp_path / "run", every=2, resume=True))
    assert told(found) == told(expected)
    assert sizes(tmp_path / "run") == sizes(tmp_path / "whole")
