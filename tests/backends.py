"""What backend a test runs on: the one of `python -m pytest --backend NAME`, if it is given.

Else each of a CPU's, where that matters, and NumPy's, which compiles nothing, where it does not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nnscratch.backend import get_backend
from nnscratch.core.store import is_on_device

CHOSEN = os.environ.get("NNSCRATCH_BACKEND")
BACKEND = CHOSEN or "numpy"
"""For what holds on every backend."""
BACKENDS = [CHOSEN] if CHOSEN else ["numpy", "numba"]
"""For what is to be seen on each of them."""


def there(array: Any) -> Any:
    """BACKEND's array of NumPy's: what is asked of kernels, layers and losses themselves."""
    return get_backend(BACKEND).from_host(array)


def host(value: Any) -> Any:
    """NumPy's arrays of a GPU's, in lists, tuples and mappings too; everything else as it is.

    NumPy's assertions need it not, see `tests.switch`.
    """
    if is_on_device(value):
        return value.get()
    if isinstance(value, Mapping):
        return {name: host(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(host, value))
    return value
