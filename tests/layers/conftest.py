from __future__ import annotations

import pytest

from nnscratch.backend import get_backend
from nnscratch.core.context import Context


@pytest.fixture
def ctx() -> Context:
    return Context(get_backend("numpy"), training=True, exact=True)
