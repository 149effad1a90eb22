from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk is most of these tests' time, and only a power cut can tell."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
