"""The IDX format: MNIST's files.

Two zero bytes, a byte for the type of number, one for the number of axes, the length of each axis
as a big-endian uint32, then the numbers in row-major order, big-endian.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.errors import DataError

DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, gzipped or not, in this machine's byte order.

    Raises:
        OSError: the file cannot be read.
        DataError: it is not IDX, is damaged, or holds less or more than its header says.
    """
    path = Path(path)
    content = _unpacked(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in DTYPES:
        raise DataError(
            f"{path}: not an IDX file; expected it to start with 00 00, a type and a number of "
            f"axes, got {content[:4].hex(' ') or 'nothing'}"
        )
    dtype, rank = DTYPES[content[2]], content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(f"{path}: truncated; its header of {start} bytes ends after {len(content)}")
    shape = struct.unpack(f">{rank}I", content[4:start])
    expected = math.prod(shape) * dtype.itemsize
    if len(content) - start != expected:
        raise DataError(
            f"{path}: damaged; {dtype.name} numbers of the shape {shape} take {expected} bytes, "
            f"but {len(content) - start} follow the header"
        )
    try:
        numbers = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:
        raise DataError(f"{path}: NumPy has no arrays of the shape {shape}: {error}") from error
    return numbers.astype(dtype.newbyteorder("="))


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: a damaged gzip file: {error}") from error
