from __future__ import annotations

import base64
import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nnscratch.viewer.packing import packed, single, squeezed, whole


@given(arrays(st.sampled_from(["f4", ">f4", "i4", "u1", "i1"]), array_shapes(min_side=0)))
def test_arrays_come_back(array):
    found = packed(array)
    data = base64.b64decode(found["data"])
    back = np.frombuffer(data, f"<{found['type']}").reshape(found["shape"])
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("axes", [(1, 0), (0, 1)])
def test_arrays_of_any_order_come_back(axes):
    array = np.arange(6, dtype=np.float32).reshape(2, 3).transpose(axes)
    data = base64.b64decode(packed(array)["data"])
    np.testing.assert_array_equal(np.frombuffer(data, "<f4"), array.ravel())


@given(st.lists(st.floats()))
def test_what_is_not_exactly_0_stays_so(values):
    given, found = np.array(values), single(values)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found == 0, given == 0)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(given))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(given))
    np.testing.assert_array_equal(np.sign(found), np.sign(given))


def test_numbers_in_the_middle_are_rounded():
    np.testing.assert_array_equal(single([1 / 3, -2e30]), np.float32([1 / 3, -2e30]))


@given(st.text())
def test_texts_come_back_and_mean_nothing_in_html(text):
    found = squeezed(text)
    assert not set(found) & set("<>&\"'")
    assert gzip.decompress(base64.b64decode(found)).decode() == text
    assert squeezed(text) == found


def test_whole_numbers_have_32_bits():
    assert whole([1, 2**31 - 1]).dtype == np.int32
    with pytest.raises(OverflowError):
        whole([2**31])
