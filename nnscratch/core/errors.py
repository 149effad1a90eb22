"""The errors that the framework raises itself, and the lookup of names that people mistype."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class NNError(Exception):
    """Base of all errors that nnscratch raises on purpose."""


class ShapeError(NNError, ValueError):
    """An array or a layer's output has another shape than its reader needs."""


class DTypeError(NNError, TypeError):
    """An array holds another kind of number than its reader needs."""


class DataError(NNError, ValueError):
    """Data that cannot be trained on: empty, mismatched, NaN, labels out of range ..."""


class GraphError(NNError, ValueError):
    """Calls that do not form a network: a missing input, two layers of one name ..."""


class StepError(NNError, RuntimeError):
    """A step applied out of its turn."""


class UnknownNameError(NNError, KeyError):
    """A name that nothing answers to; the message proposes the nearest known one."""

    def __init__(self, what: str, name: object, known: Iterable[str]):
        names = sorted(known)
        spelled = {known_name.lower(): known_name for known_name in names}
        nearest = difflib.get_close_matches(str(name).lower(), spelled, n=1, cutoff=0.5)
        hint = f"did you mean {spelled[nearest[0]]!r}? " if nearest else ""
        listed = ", ".join(names) or "none"
        super().__init__(f"unknown {what} {name!r}: {hint}known: {listed}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError's own would put it in quotes


def look_up(what: str, name: str, table: Mapping[str, T]) -> T:
    """The entry of a table of names.

    Raises:
        UnknownNameError: there is none; names the nearest one.
    """
    if not isinstance(name, str) or name not in table:
        raise UnknownNameError(what, name, table)
    return table[name]


class DescriptionType(ABCMeta):
    """Metaclass of layers, losses, optimizers ...: names an argument that they do not have."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """A new description.

        Raises:
            UnknownNameError: it has no argument of that name; names the nearest one.
        """
        if kwargs:
            known = _arguments(type.__getattribute__(cls, "__init__"))
            for name in kwargs:
                if known is not None and name not in known:
                    raise UnknownNameError(f"argument of {cls.__name__}", name, known)
        return super().__call__(*args, **kwargs)


@functools.lru_cache(maxsize=256)
def _arguments(method: Callable[..., Any]) -> tuple[str, ...] | None:
    """The names of a method's arguments but its first; None where it takes any."""
    _, *parameters = inspect.signature(method).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return tuple(parameter.name for parameter in parameters)


def shape_hint(expected: Sequence[int], got: Sequence[int]) -> str:
    """The commonest repair of an array that should be (N, *expected), "" where none is seen."""
    expected, got = tuple(expected), tuple(got)
    if got == expected:
        return "; add a batch axis: x[None]"
    if (*got, 1) == expected:
        return "; add a batch and a channel axis: x[None, ..., None]"
    if (*got[1:], 1) == expected:
        return "; add a channel axis: x[..., None]"
    if len(got) == 4 and (*got[2:], got[1]) == expected:
        return "; move the channels last: x.transpose(0, 2, 3, 1)"
    flat = len(got) == 2 or len(expected) == 1
    if flat and math.prod(got[1:]) == math.prod(expected):
        return f"; reshape it: x.reshape{(-1, *expected)}"
    return ""
