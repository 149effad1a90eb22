from __future__ import annotations

import pytest

from nnscratch.studies import registry


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a study that runs in a moment."""
    monkeypatch.setitem(registry.MODULES, "toy", "tests.studies.toy_study")
    return "toy"
