"""What JSON from files has to look like: checks of a value, made of checks of its parts.

A digest tells what was damaged by chance. These tell what somebody has written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnscratch.core.arguments import is_whole
from nnscratch.training.weight_files import DTYPES

Check = Callable[[Any], bool]


def anything(value: Any) -> bool:
    """Whatever it is."""
    return True


def text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def flag(value: Any) -> bool:
    """True or False."""
    return isinstance(value, bool)


def number(value: Any) -> bool:
    """A number, perhaps NaN or infinite."""
    return isinstance(value, int | float) and not flag(value)


def nothing(value: Any) -> bool:
    """None."""
    return value is None


def whole(low: int = 0) -> Check:
    """A whole number, not below `low`."""
    return lambda value: is_whole(value, low)


def one_of(*known: str) -> Check:
    """One of some names."""
    return lambda value: text(value) and value in known


def either(*checks: Check) -> Check:
    """One of several."""
    return lambda value: any(check(value) for check in checks)


def row(*checks: Check) -> Check:
    """A list of so many values, each of its own kind."""
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(checks)
        and all(check(item) for check, item in zip(checks, value, strict=True))
    )


def many(check: Check, least: int = 0) -> Check:
    """A list of values of one kind, at least so many."""
    return lambda value: (
        isinstance(value, list) and len(value) >= least and all(check(item) for item in value)
    )


def each(check: Check) -> Check:
    """Values of one kind, by any names."""
    return lambda value: isinstance(value, dict) and all(check(item) for item in value.values())


def fields(**checks: Check) -> Check:
    """Values by these names, each of its own kind."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == checks.keys()
        and all(check(value[name]) for name, check in checks.items())
    )


ARRAYS = each(row(many(whole()), one_of(*DTYPES.values())))
"""Shape and dtype of arrays by name."""
