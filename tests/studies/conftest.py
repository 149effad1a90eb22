from __future__ import annotations

import pytest


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a study that runs in a moment."""
    # Not at the top: conftest files are read before pytest knows the backend, see tests/switch.py.
    from nnscratch.studies import registry

    monkeypatch.setitem(registry.MODULES, "toy", "tests.studies.toy_study")
    return "toy"
