from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    """Writes an array as IDX."""

    def write(array: np.ndarray) -> bytes:
        kind = array.dtype.str[1:]
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[kind], array.ndim, *array.shape)
        return header + array.astype(f">{kind}").tobytes()

    return write
