from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn


def test_to_categorical():
    rows = nn.to_categorical([2, 0])
    np.testing.assert_array_equal(rows, [[0, 0, 1], [1, 0, 0]])
    assert rows.dtype == np.float32
    assert nn.to_categorical(np.array([[1]]), num_classes=4).shape == (1, 4)


@pytest.mark.parametrize("labels", [[0.5], [], [[0, 1]]])
def test_to_categorical_wants_whole_numbers(labels):
    with pytest.raises(nn.DataError, match="expected whole numbers"):
        nn.to_categorical(labels)


def test_to_categorical_wants_numbers():
    with pytest.raises(nn.DTypeError, match=r"expected whole numbers .* got dtype <U3"):
        nn.to_categorical(["cat", "dog"])


@pytest.mark.parametrize("labels", [[0, 3], [0, -1]])
def test_to_categorical_names_the_row_of_a_label_out_of_range(labels):
    with pytest.raises(nn.DataError, match=r"at row 1 is not in 0 \.\. 2"):
        nn.to_categorical(labels, 3)


@pytest.mark.parametrize("classes", [0, 2.5, True])
def test_to_categorical_has_some_classes(classes):
    with pytest.raises(nn.NNError, match="num_classes: expected a whole number >= 1"):
        nn.to_categorical([0], classes)
