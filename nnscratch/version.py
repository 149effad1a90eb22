"""The version of nnscratch, for those who cannot import all of it."""

from __future__ import annotations

__version__ = "0.1.0"
