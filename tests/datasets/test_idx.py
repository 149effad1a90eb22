from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnscratch.core.errors import DataError
from nnscratch.datasets import read_idx

IDX_ARRAYS = arrays.arrays(
    st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
SMALL = np.arange(24, dtype=np.int32).reshape(2, 3, 4)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "some-idx"


@settings(deadline=None)
@given(IDX_ARRAYS, st.booleans())
def test_reads_back_what_was_written(path, idx_bytes, array, packed):
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if packed else content)
    read = read_idx(path)
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array)
    assert read.shape == array.shape


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_refuses_every_truncation_by_name(path, idx_bytes, packed):
    content = gzip.compress(idx_bytes(SMALL)) if packed else idx_bytes(SMALL)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"some-idx: (not an IDX|truncated|(a )?damaged)"):
            read_idx(path)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=8))
def test_refuses_trailing_bytes(path, idx_bytes, extra):
    path.write_bytes(idx_bytes(SMALL) + extra)
    with pytest.raises(DataError, match=r"some-idx: damaged.* take 96 bytes"):
        read_idx(path)


@settings(deadline=None)
@given(st.integers(0, 15), st.integers(1, 255))
def test_refuses_every_corrupted_header_byte(path, idx_bytes, place, change):
    # SMALL has no axis of length 0 or 1 and 4-byte numbers, so that no other header fits its size,
    # but for the type: float32 numbers are as long as int32 ones.
    content = bytearray(idx_bytes(SMALL))
    content[place] ^= change
    path.write_bytes(content)
    if place == 2 and content[2] == 0x0D:
        assert read_idx(path).dtype == np.float32
        return
    with pytest.raises(DataError, match="some-idx"):
        read_idx(path)


@settings(deadline=None)
@given(st.data())
def test_corrupted_gzip_never_gives_other_numbers(path, idx_bytes, data):
    content = bytearray(gzip.compress(idx_bytes(SMALL), mtime=0))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        read = read_idx(path)
    except DataError:
        return
    assert place < 10  # gzip's header has bytes without meaning for the content: its time, ...
    np.testing.assert_array_equal(read, SMALL)


def test_refuses_a_shape_beyond_numpy(path):
    path.write_bytes(bytes([0, 0, 8, 200]) + b"\0\0\0\1" * 200 + b"\7")
    with pytest.raises(DataError, match="some-idx: NumPy has no arrays"):
        read_idx(path)


def test_says_what_an_unknown_file_starts_with(path):
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError, match=r"not an IDX file; .* got 89 50 4e 47"):
        read_idx(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")
