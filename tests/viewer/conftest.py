from __future__ import annotations

from tests.runs.conftest import no_fsync

__all__ = ["no_fsync"]
