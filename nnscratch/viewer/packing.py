"""Arrays and texts in the form in which a page carries them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnscratch.kernels.ops import Array

SINGLE = np.finfo(np.float32)


def packed(array: Array) -> dict[str, Any]:
    """An array for JSON: its type ("f4", "i4", "u1" or "i1", little-endian), shape and bytes."""
    kind = array.dtype.newbyteorder("<")
    data = base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()
    return {"type": kind.str[1:], "shape": list(array.shape), "data": data}


def single(values: Array | Sequence[float]) -> Array:
    """Numbers in float32, shaped like values; none becomes 0 or infinite that was not.

    What is beyond the ends of float32 becomes the end: an exact 0 proves something.
    """
    values = np.asarray(values, np.float64)
    size = np.abs(values)
    inside = np.clip(size, float(SINGLE.smallest_normal), float(SINGLE.max))
    changed = (size > 0) & np.isfinite(size)
    return np.where(changed, np.copysign(inside, values), values).astype(np.float32)


def whole(values: Sequence[int]) -> Array:
    """Whole numbers in 32 bits."""
    return np.array(values, np.int32)


def squeezed(text: str) -> str:
    """A text, compressed, in characters that mean nothing in HTML. Equal texts give equal ones."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
