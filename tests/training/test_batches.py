from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import DataError, ShapeError, UnknownNameError
from nnscratch.training.batches import (
    Rows,
    batch_slices,
    combine_weights,
    load_inputs,
    load_targets,
    order,
)


def load_one(x, shape=(2,), dtype=np.float32, **options):
    (array,) = load_inputs(x, ["image"], [shape], dtype, **options)
    return array


def load_pair(x):
    return load_inputs(x, ["left", "right"], [(2,), (3,)], np.float32)


class TestInputs:
    @pytest.mark.parametrize(
        "x",
        [
            np.ones((3, 2), np.float32),
            np.ones((3, 2), np.float64),
            np.ones((3, 2), np.uint8),
            np.ones((3, 2), bool),
            [[1, 1], [1, 1], [1, 1]],
            [np.ones(2), np.ones(2), np.ones(2)],
            [np.ones((3, 2))],
            {"image": np.ones((3, 2))},
        ],
    )
    def test_becomes_the_models_dtype(self, x):
        array = load_one(x)
        assert array.dtype == np.float32
        assert np.array_equal(array, np.ones((3, 2)))

    def test_is_not_copied_without_need(self):
        x = np.ones((3, 2), np.float32)
        assert load_one(x) is x

    def test_one_row_in_a_list_is_data_not_a_list_of_inputs(self):
        assert load_one([np.zeros(2)]).shape == (1, 2)

    def test_several_inputs_in_a_list_or_by_name(self):
        left, right = np.zeros((4, 2)), np.ones((4, 3))
        for x in ([left, right], (left, right), {"right": right, "left": left}):
            a, b = load_pair(x)
            assert np.array_equal(a, left)
            assert np.array_equal(b, right)

    @pytest.mark.parametrize(
        ("x", "words"),
        [
            (np.zeros((4, 2)), "2 inputs (left, right), got one ndarray"),
            ([np.zeros((4, 2))], "got 1 arrays"),
            ({"left": np.zeros((4, 2))}, "nothing is given for input right"),
            ([np.zeros((4, 2)), np.zeros((5, 3))], "x['left'] has 4, x['right'] has 5"),
        ],
    )
    def test_not_one_array_per_input(self, x, words):
        with pytest.raises(DataError) as caught:
            load_pair(x)
        assert words in str(caught.value)

    def test_unknown_input_names_the_nearest(self):
        with pytest.raises(UnknownNameError, match=r"unknown input in x 'rigth'.*'right'"):
            load_pair({"left": np.zeros((4, 2)), "rigth": np.zeros((4, 3))})

    @pytest.mark.parametrize(
        ("shape", "given_shape", "hint"),
        [
            ((8, 9, 1), (8, 9, 1), "add a batch axis: x[None]"),
            ((8, 9, 1), (8, 9), "add a batch and a channel axis"),
            ((8, 9, 1), (5, 8, 9), "add a channel axis: x[..., None]"),
            ((8, 9, 3), (5, 3, 8, 9), "move the channels last: x.transpose(0, 2, 3, 1)"),
            ((8, 9, 1), (5, 72), "reshape it: x.reshape(-1, 8, 9, 1)"),
            ((72,), (5, 8, 9), "reshape it: x.reshape(-1, 72)"),
            ((), (), "add a batch axis: x[None]"),
        ],
    )
    def test_wrong_shape_comes_with_its_repair(self, shape, given_shape, hint):
        with pytest.raises(ShapeError) as caught:
            load_one(np.zeros(given_shape), shape)
        assert f"got {given_shape}; {hint}" in str(caught.value)

    @pytest.mark.parametrize("given_shape", [(), (5, 9, 8, 1), (5, 8, 3, 9)])
    def test_no_repair_is_made_up(self, given_shape):
        with pytest.raises(ShapeError) as caught:
            load_one(np.zeros(given_shape), (8, 9, 3))
        assert str(caught.value).endswith(f"got {given_shape}")

    def test_no_rows(self):
        with pytest.raises(DataError, match="x: there are no rows"):
            load_one(np.zeros((0, 2)))

    def test_nonfinite_values_may_be_let_through(self):
        x = np.array([[0, np.nan], [np.inf, 0]], np.float32)
        with pytest.raises(DataError, match="x: nan at row 0, column 1"):
            load_one(x)
        assert load_one(x, allow_nonfinite=True) is x

    @pytest.mark.parametrize("allow_nonfinite", [False, True])
    def test_overflow_is_never_let_through(self, allow_nonfinite):
        x = np.array([[0.0, 1e39]])
        with pytest.raises(DataError, match=r"1e\+39 at row 0, column 1 is too large for float32"):
            load_one(x, allow_nonfinite=allow_nonfinite)
        assert load_one(x, dtype=np.float64)[0, 1] == 1e39


class TestTargets:
    def test_keep_their_dtype(self):
        (y,) = load_targets([0, 1, 2], ["out"], 3)
        assert y.dtype.kind == "i"
        assert list(y) == [0, 1, 2]

    def test_a_list_of_one_whole_array_is_unwrapped(self):
        y = np.arange(6).reshape(3, 2)
        assert load_targets([y], ["out"], 3)[0] is y
        assert load_targets([np.array([0, 1])], ["out"], 1)[0].shape == (1, 2)

    @pytest.mark.parametrize("y", [np.zeros(4), np.float64(1.0), [np.zeros(2), np.zeros(2)]])
    def test_as_many_rows_as_inputs(self, y):
        with pytest.raises(DataError, match="expected 3 rows"):
            load_targets(y, ["out"], 3)

    def test_nonfinite(self):
        y = [0.0, np.nan]
        with pytest.raises(DataError, match="y: nan at row 1"):
            load_targets(y, ["out"], 2)
        assert np.isnan(load_targets(y, ["out"], 2, allow_nonfinite=True)[0][1])

    def test_unknown_output(self):
        with pytest.raises(UnknownNameError, match=r"output in y 'hed'.*'head'"):
            load_targets({"hed": [1]}, ["head"], 1)


class TestWeights:
    labels = np.array([0, 2, 1, 2])

    def combine(self, sample_weight=None, class_weight=None, targets=None):
        targets = (self.labels,) if targets is None else targets
        return combine_weights(sample_weight, class_weight, targets, np.float32)

    def test_none(self):
        assert self.combine() is None

    def test_of_samples_become_the_models_dtype(self):
        weights = self.combine([1, 0, 2, 3])
        assert weights.dtype == np.float32
        assert list(weights) == [1, 0, 2, 3]
        assert list(self.combine(np.array([True, False, True, True]))) == [1, 0, 1, 1]

    @pytest.mark.parametrize(
        "targets",
        [labels, labels[:, None], labels.astype(np.float32), np.eye(3)[labels]],
        ids=["whole", "column", "float", "one-hot"],
    )
    def test_of_classes_multiply_those_of_samples(self, targets):
        class_weight = {0: 2.0, np.int64(2): 0.5}
        assert list(self.combine(None, class_weight, (targets,))) == [2, 0.5, 1, 0.5]
        assert list(self.combine([1, 2, 3, 4], class_weight, (targets,))) == [2, 1, 3, 2]

    @pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
    def test_refused_values(self, bad):
        with pytest.raises(DataError, match=f"got {bad} at row 2"):
            self.combine([1, 1, bad, 1])
        with pytest.raises(ArgumentError, match=rf"class_weight\[1\]: .*got {bad}"):
            self.combine(None, {1: bad})

    def test_shape(self):
        with pytest.raises(ShapeError, match=r"\(4,\), got \(4, 1\); flatten it"):
            self.combine(np.ones((4, 1)))

    @pytest.mark.parametrize(
        ("targets", "key"),
        [
            (labels, 3),
            (labels, "1"),
            (labels, 1.5),
            (np.eye(3)[labels], 3),
            (np.eye(3)[labels], -1),
        ],
    )
    def test_unknown_class(self, targets, key):
        with pytest.raises(UnknownNameError, match=r"known: 0, 1, 2"):
            self.combine(None, {key: 1.0}, (targets,))

    @pytest.mark.parametrize(
        ("targets", "words"),
        [
            ((labels, labels), "one output, this one has 2"),
            ((np.array([0.5, 1, 2]),), "whole numbers"),
            ((np.array([[1, 0], [0.3, 0.7]]),), "row 1 of y is not one-hot"),
            ((np.array([[1, 1], [0, 1]]),), "row 0 of y is not one-hot"),
            ((np.zeros((4, 2, 2), int),), r"int64 \(4, 2, 2\)"),
        ],
    )
    def test_of_classes_need_classes(self, targets, words):
        with pytest.raises(DataError, match=words):
            self.combine(None, {0: 1.0}, targets)

    def test_of_a_class_that_no_row_is_of(self):
        targets = (np.array([0, 2]),)
        assert list(combine_weights(None, {1: 5.0, 2: 3.0}, targets, np.float32, 3)) == [1, 3]

    def test_of_classes_are_a_dict(self):
        with pytest.raises(DataError, match="expected a dict of class: weight, got 'balanced'"):
            self.combine(None, "balanced")


def make_rows(n, weights=True):
    x = np.arange(n, dtype=np.float32)[:, None]
    return Rows((x,), (np.arange(n),), x[:, 0] if weights else None)


class TestRows:
    def test_indices_copy_and_slices_view(self):
        rows = make_rows(5)
        picked = rows.take(np.array([4, 0]))
        assert [part.tolist() for part in (*picked.inputs, *picked.targets, picked.weights)] == [
            [[4.0], [0.0]],
            [4, 0],
            [4.0, 0.0],
        ]
        assert not np.shares_memory(picked.inputs[0], rows.inputs[0])
        assert np.shares_memory(rows.take(slice(1, 3)).inputs[0], rows.inputs[0])
        assert make_rows(5, weights=False).take(slice(2)).weights is None

    def test_split_sets_the_last_rows_aside(self):
        training, validation = make_rows(10).split(0.25)
        assert training.targets[0].tolist() == list(range(7))
        assert validation.targets[0].tolist() == [7, 8, 9]
        assert validation.weights.tolist() == [7, 8, 9]

    @pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, np.nan])
    def test_split_needs_a_fraction(self, fraction):
        with pytest.raises(ArgumentError, match="> 0 and < 1"):
            make_rows(10).split(fraction)

    def test_split_leaves_rows_on_both_sides(self):
        with pytest.raises(DataError, match="leaves none of 2 rows to train on; choose a smaller"):
            make_rows(2).split(0.9)
        with pytest.raises(DataError, match=r"none of 2 rows to validate on; .* a larger"):
            make_rows(2).split(1e-18)


class TestOrder:
    def test_is_a_function_of_seed_and_epoch(self):
        first = order(100, 3, 7)
        assert np.array_equal(first, order(100, 3, 7))
        assert not np.array_equal(first, order(100, 4, 7))
        assert not np.array_equal(first, order(100, 3, 8))

    def test_is_pinned(self):
        assert order(8, 1, 42).tolist() == [0, 4, 6, 1, 2, 7, 3, 5]

    @settings(deadline=None)
    @given(n=st.integers(1, 60), size=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
    def test_batches_visit_every_row_once(self, n, size, seed):
        indices = order(n, 0, seed)
        parts = [indices[place] for place in batch_slices(n, size)]
        assert sorted(np.concatenate(parts)) == list(range(n))
        assert all(len(part) == size for part in parts[:-1])
        assert 1 <= len(parts[-1]) <= size

    @pytest.mark.parametrize("size", [0, -1, 2.0, True])
    def test_batch_size(self, size):
        with pytest.raises(ValueError, match="batch_size: expected a whole number"):
            batch_slices(10, size)
