"""Selecting calls and weights by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from nnscratch.core.arguments import texts
from nnscratch.core.errors import NNError, UnknownNameError

Names = tuple[str, ...]
"""What one thing goes by: a call by its key and its layer's path, a weight by its path."""


class Selection:
    """Some patterns of names. That of a layer stands for all that belongs to it.

    Args:
        select: a pattern such as "conv2d*", "conv2d#0" or "*/kernel", or several.

    Raises:
        ArgumentError: it is neither.
    """

    def __init__(self, select: str | Iterable[str]):
        expected = 'a pattern such as "conv2d" or "*/kernel", or several'
        self.patterns = texts("Recorder select", select, expected)

    def has(self, names: Names) -> bool:
        """Whether something that goes by these names is selected."""
        return any(matches(pattern, names) for pattern in self.patterns)

    def check(
        self, known: Iterable[Names], frozen: Collection[str], recorded: Collection[str]
    ) -> None:
        """Make sure that every pattern selects something, and no name what is never recorded.

        Args:
            known: what calls and trained weights go by.
            frozen: the weights that are not trained. A pattern may match them beside others.
            recorded: what was recorded before, when it was trained.

        Raises:
            NNError: a pattern is the name of a frozen weight.
            UnknownNameError: a pattern matches nothing.
        """
        there = [*known, *((path,) for path in frozen)]
        for pattern in self.patterns:
            if pattern in frozen and pattern not in recorded:
                raise NNError(f"Recorder select: {why_not(pattern)}")
            if not any(matches(pattern, names) for names in there):
                first = [names[0] for names in there]
                raise UnknownNameError("call or weight to record", pattern, first)


def why_not(path: str) -> str:
    """Why a frozen weight is not recorded, and what to do."""
    layer = path.rpartition("/")[0]
    return (
        f"{path!r} is frozen: it has no gradient and no update, and is not recorded; "
        f"train it, model.unfreeze({layer!r}), or look at the calls of its layer, {layer!r}"
    )


def matches(pattern: str, names: Names) -> bool:
    """Whether a pattern is that of one of some names, or of a layer that it belongs to."""
    return any(fnmatchcase(name, form) for name in names for form in (pattern, f"{pattern}/*"))
