from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nnscratch.core.context import Context


@pytest.fixture
def ctx() -> Context:
    # Not at the top: conftest files are read before pytest knows the backend, see tests/switch.py.
    from nnscratch.backend import get_backend
    from nnscratch.core.context import Context
    from tests.backends import BACKEND

    return Context(get_backend(BACKEND), training=True, exact=True)
