"""Checkpoints: what they hold comes back, and enough of them stay."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import nnscratch as nn
from nnscratch.runs.checkpoint_files import Checkpoint, read, read_mark, write
from nnscratch.runs.checkpoints import Checkpoints, Key, remove_temporary, superfluous
from nnscratch.runs.log import Mark
from nnscratch.runs.packing import pack, unpack
from nnscratch.training.loop import Meter, Position
from nnscratch.training.weight_files import WeightFileError
from tests.nets import assert_same_bits, conv_net, everything, images

X, Y = images(14)

# -- which of them stay ---------------------------------------------------------------------------


def kept_after(first, taken, every, keep):
    """The steps whose checkpoints are there after each one was taken."""
    kept = []
    for step in taken:
        kept.append(step)
        for gone in superfluous(kept, every, keep):
            kept.remove(gone)
        yield list(kept)


@given(
    first=st.integers(0, 500),
    every=st.integers(1, 50),
    keep=st.integers(2, 30),
    count=st.integers(1, 120),
    rest=st.integers(0, 49),
)
def test_first_and_last_stay_and_the_others_are_evenly_spread(first, every, keep, count, rest):
    taken = [first + every * number for number in range(count)]
    if rest % every:
        taken.append(taken[-1] + rest % every)  # the one at the end of training
    for number, kept in enumerate(kept_after(first, taken, every, keep)):
        assert len(kept) <= keep
        assert (kept[0], kept[-1]) == (first, taken[number])
        gaps = [later - earlier for earlier, later in itertools.pairwise(kept[:-1])]
        assert len(set(gaps)) <= 1
        assert len(kept) >= min(number + 1, keep // 2)  # no more are missing than have to be


def test_width_doubles():
    kept = list(kept_after(0, range(0, 100, 10), 10, 4))
    assert kept[3:] == [
        [0, 10, 20, 30],
        [0, 20, 40],
        [0, 20, 40, 50],
        [0, 20, 40, 60],
        [0, 40, 70],
        [0, 40, 80],
        [0, 40, 80, 90],
    ]


# -- what they hold -------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
arrays = arrays_of.arrays(
    st.sampled_from(["float16", "float32", "float64", "int8", "int64", "uint16", "bool"]),
    arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
nested = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


def same(found, expected):
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and found.tobytes() == expected.tobytes()
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, dict):
        pairs = ((found[key], expected[key]) for key in expected)
        return found.keys() == expected.keys() and all(same(*pair) for pair in pairs)
    return type(found) is type(expected) and found == expected


@settings(max_examples=60)
@given(state=nested)
def test_any_state_of_a_callback_comes_back(tmp_path_factory, state):
    path = tmp_path_factory.mktemp("checkpoint") / "file"
    model = conv_net()
    checkpoint = Checkpoint(
        model.snapshot(), Position(0, 0), False, [("Mine", {"state": state})], Mark()
    )
    write(path, "a", checkpoint)
    ((kind, found),) = read(path, "a", 0, model.compiled).callbacks
    assert kind == "Mine"
    assert same(found["state"], state)


@pytest.mark.parametrize("value", [{1}, object(), {1: 2}, np.array(["a"]), [1, print], 1j])
def test_what_cannot_be_kept_is_named(value):
    with pytest.raises(nn.RunError, match=r"place.*: cannot be kept, got"):
        pack(value, {}, "place")


def test_two_arrays_of_one_name_are_refused():
    with pytest.raises(nn.RunError, match=r"a/b: cannot be kept.*each under a name of its own"):
        pack({"a": {"b": np.ones(1)}, "a/b": np.ones(1)}, {}, "x")


def test_tuples_and_scalars_of_numpy_become_python_s():
    value = {"a": (np.float32(0.5), np.int64(3), np.bool_(True))}
    found = unpack(pack(value, {}, ""), {})
    assert found == {"a": [0.5, 3, True]}
    assert [type(item) for item in found["a"]] == [float, int, bool]


@pytest.mark.parametrize("trained", [False, True])
def test_training_goes_on_from_what_was_read(tmp_path, trained):
    model, other = conv_net(), conv_net()
    model.freeze("batch_normalization")
    if trained:
        model.fit(X, Y, batch_size=5, verbose=0)
        model.learning_rate = 0.05
    place = Position(3, 6, 2, Meter(0.1 + 0.2, 10, ({"total": np.float64(1 / 3)},)))
    states = [("A", {"best": math.inf}), ("B", {})]
    checkpoint = Checkpoint(model.snapshot(), place, True, states, Mark(123, 456))
    write(tmp_path / "file", "me", checkpoint)
    found = read(tmp_path / "file", "me", model.iteration, other.compiled)
    other.restore(found.snapshot)
    assert_same_bits(everything(other), everything(model))
    assert other.learning_rate == model.learning_rate
    assert other.parameters.frozen_layers == {"batch_normalization"}
    assert found[1:] == checkpoint[1:]
    assert read_mark(tmp_path / "file", "me", found.snapshot.iteration) == Mark(123, 456)
    for each in (model, other):
        each.fit(X, Y, batch_size=5, verbose=0)
    assert_same_bits(everything(other), everything(model))


# -- where they lie -------------------------------------------------------------------------------


@pytest.fixture
def checkpoints(tmp_path):
    """The checkpoints of a run: after 0, 4, 8 and 9 steps, and of a change before step 5."""
    checkpoints, model = Checkpoints(tmp_path, "me", 4, 4), conv_net()
    for step, changed in [(0, False), (4, False), (5, True), (8, False), (9, False)]:
        snapshot = model.snapshot()._replace(iteration=step)
        checkpoints.write(Checkpoint(snapshot, Position(0, 0), False, (), Mark()), changed)
    return checkpoints


def test_nearest_one(checkpoints):
    assert checkpoints.latest() == Key(9)
    found = [checkpoints.before(step) for step in (0, 3, 4, 5, 7, 8, 10)]
    assert found == [Key(0), Key(0), Key(4), Key(5, True), Key(5, True), Key(8), Key(9)]


def test_changes_that_will_come_again_are_forgotten(checkpoints):
    checkpoints.forget_changes(5)
    assert checkpoints.before(5) == Key(5, True)
    checkpoints.forget_changes(4)
    assert checkpoints.keys() == [Key(0), Key(4), Key(8), Key(9)]


def test_other_files_are_left_alone(checkpoints):
    for name in ("notes.txt", "step-1.safetensors", "step-000004.safetensors.bak"):
        (checkpoints.folder / name).touch()
    left = checkpoints.folder / ".step-000012.safetensors.0a1b2c3d.tmp"
    left.touch()
    remove_temporary(checkpoints.folder)
    assert not left.exists()
    assert len(list(checkpoints.folder.iterdir())) == 8
    assert len(checkpoints.keys()) == 5


def test_another_run_s(checkpoints):
    checkpoints.run = "other"
    with pytest.raises(nn.RunError, match="is a checkpoint of another run"):
        checkpoints.read(Key(4), conv_net().compiled)


def test_missing_ones(checkpoints):
    with pytest.raises(nn.RunError, match=r"step-000005\.safetensors: was removed"):
        checkpoints.read(Key(5), conv_net().compiled)
    checkpoints.path(Key(0)).unlink()
    with pytest.raises(nn.RunError, match="there is no checkpoint of step 3 or before it"):
        checkpoints.before(3)


def test_other_file_in_its_place(checkpoints):
    conv_net().save_weights(checkpoints.path(Key(4)))
    with pytest.raises(WeightFileError, match="header is damaged, or it is no checkpoint"):
        checkpoints.read(Key(4), conv_net().compiled)
