"""First values of weights."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from nnscratch.backend import Backend
from nnscratch.core.errors import NNError
from nnscratch.core.layer import Param
from nnscratch.kernels.ops import Array


def initial_value(path: str, param: Param, seed: int, backend: Backend, dtype: Any) -> Array:
    """The first value of the weight at a path, drawn on the host.

    Each weight has its own stream, a pure function of the seed and its path: changing one layer
    leaves the first values of all others as they were.

    Raises:
        NNError: the initializer returned another shape.
    """
    rng = np.random.default_rng([seed, zlib.crc32(path.encode())])
    value = param.initializer(param.shape, rng)
    if np.shape(value) != param.shape:
        raise NNError(
            f"{path}: {param.initializer!r} returned {np.shape(value)}, expected {param.shape}"
        )
    return backend.from_host(np.ascontiguousarray(value, dtype=dtype))
