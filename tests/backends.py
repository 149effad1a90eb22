"""What backend a test runs on: the one of `python -m pytest --backend NAME`, if it is given.

Else each of a CPU's, where that matters, and NumPy's, which compiles nothing, where it does not.
"""

from __future__ import annotations

import os
from typing import Any

CHOSEN = os.environ.get("NNSCRATCH_BACKEND")
BACKEND = CHOSEN or "numpy"
"""For what holds on every backend."""
BACKENDS = [CHOSEN] if CHOSEN else ["numpy", "numba"]
"""For what is to be seen on each of them."""


def host(array: Any) -> Any:
    """NumPy's array of a GPU's; everything else as it is."""
    return array.get() if hasattr(array, "__cuda_array_interface__") else array
