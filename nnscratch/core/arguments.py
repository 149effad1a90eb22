"""Reading what somebody gave: numbers, flags and objects, with errors that say what was expected.

NumPy's numbers are numbers like Python's. True and False are none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TypeVar

from nnscratch.core.errors import NNError

T = TypeVar("T")

LONGEST = 60
"""Characters of an argument that a message can show."""


class ArgumentError(NNError, ValueError):
    """An argument that a call can do nothing with."""


def is_whole(value: object, low: int | None = None) -> bool:
    """Whether something is a whole number, not below `low`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        return False
    return low is None or int(value) >= low


def whole(what: str, value: object, low: int | None = None) -> int:
    """A whole number, not below `low`."""
    if not isinstance(value, Integral) or not is_whole(value, low):
        bound = "" if low is None else f" >= {low}"
        raise ArgumentError(f"{what}: expected a whole number{bound}, got {shown(value)}")
    return int(value)


def positive(what: str, value: object) -> int:
    """A positive whole number."""
    return whole(what, value, 1)


def number(
    what: str,
    value: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """A finite number with low <= value <= high and above < value < below."""
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        result = float(value)
        if low <= result <= high and above < result < below:
            return result
    limits = [(">=", low), (">", above), ("<=", high), ("<", below)]
    bounds = " and ".join(f"{sign} {limit:g}" for sign, limit in limits if math.isfinite(limit))
    expected = f"a finite number {bounds}".rstrip()
    raise ArgumentError(f"{what}: expected {expected}, got {shown(value)}")


def flag(what: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{what}: expected True or False, got {shown(value)}")
    return value


def texts(what: str, value: object, expected: str) -> tuple[str, ...]:
    """One text, or several."""
    given = (value,) if isinstance(value, str) else value
    if isinstance(given, Iterable):
        found = tuple(given)
        if all(isinstance(text, str) for text in found):
            return found
    raise ArgumentError(f"{what}: expected {expected}; got {shown(value)}")


def instance(what: str, value: object, kind: type[T] | tuple[type[T], ...], expected: str) -> T:
    """An object of a kind.

    Args:
        what: the call, and its argument.
        value: what it was given.
        kind: what it has to be, or several.
        expected: the same in words, and how to get one.
    """
    if not isinstance(value, kind):
        raise ArgumentError(f"{what}: expected {expected}; got {shown(value)}")
    return value


def shown(value: object) -> str:
    """An argument in a message: itself, or its type where it is too long for that."""
    text = repr(value)
    if len(text) <= LONGEST and "\n" not in text:
        return text
    return f"an object of type {type(value).__name__}"
