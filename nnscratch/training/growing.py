"""Arrays of callbacks' states that only grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.kernels.ops import Array
from nnscratch.training.callbacks import CallbackError


@dataclass(frozen=True)
class Growing:
    """An array in a callback's state that only ever gets new rows, behind those that it has.

    `nn.Run` keeps each of its rows once, not all of them again in every checkpoint. `restore` is
    given the array itself; `np.asarray` makes one of this too.

    Raises:
        CallbackError: it is no array of rows.
    """

    rows: Array
    """(rows, ...)"""

    def __post_init__(self) -> None:
        if not isinstance(self.rows, np.ndarray) or self.rows.ndim == 0:
            raise CallbackError(f"Growing: expected an array (rows, ...), got {self.rows!r}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.rows, dtype, copy=copy)
