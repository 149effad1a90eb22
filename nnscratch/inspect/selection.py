"""Selecting calls and weights by name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from nnscratch.core.errors import UnknownNameError

Names = tuple[str, ...]
"""What one thing goes by: a call by its key and its layer's path, a weight by its path."""


class Selection:
    """Some patterns of names. That of a layer stands for all that belongs to it.

    Args:
        select: a pattern such as "conv2d*", "conv2d#0" or "*/kernel", or several.
    """

    def __init__(self, select: str | Iterable[str]):
        self.patterns = (select,) if isinstance(select, str) else tuple(select)

    def has(self, names: Names) -> bool:
        """Whether something that goes by these names is selected."""
        return any(matches(pattern, names) for pattern in self.patterns)

    def check(self, known: Iterable[Names]) -> None:
        """Make sure that every pattern selects something.

        Raises:
            UnknownNameError: one does not.
        """
        there = list(known)
        for pattern in self.patterns:
            if not any(matches(pattern, names) for names in there):
                first = [names[0] for names in there]
                raise UnknownNameError("call or weight to record", pattern, first)


def matches(pattern: str, names: Names) -> bool:
    """Whether a pattern is that of one of some names, or of a layer that it belongs to."""
    return any(fnmatchcase(name, form) for name in names for form in (pattern, f"{pattern}/*"))
