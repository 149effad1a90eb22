"""What is the same on every machine in what a program prints: all but the last digits."""

from __future__ import annotations

import re


def labels(lines: str) -> set[str]:
    """What lines begin with, before their numbers."""
    return {re.split(r"\s{2,}|[-\d.]+(?:e|%|$)", line.lstrip())[0] for line in lines.splitlines()}
