"""Reading the fields of a JSON object: an error names the file, the field, and what it expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.report import BenchmarkError
from nnscratch.core import arguments

T = TypeVar("T")


class ProgramError(BenchmarkError):
    """A program that is not as the format says."""


class Fields:
    """The fields of one object.

    Args:
        where: the file, and the place of the object in it.
        given: the object.

    Raises:
        ProgramError: it is no object.
    """

    def __init__(self, where: str, given: object):
        if not isinstance(given, Mapping):
            raise ProgramError(f"{where}: expected an object, got {arguments.shown(given)}")
        self.where = where
        self.all: Mapping[str, Any] = given

    @classmethod
    def of(cls, file: Path) -> Fields:
        """Those of a whole file.

        Raises:
            OSError, ProgramError: it cannot be read, or is no JSON object.
        """
        try:
            given = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ProgramError(f"{file}: expected JSON: {error}") from error
        return cls(str(file), given)

    def what(self, name: str) -> str:
        """A field, in messages."""
        return f"{self.where}: {name}"

    def read(self, name: str, kind: type[T], expected: str) -> T:
        """A field of that kind.

        Raises:
            ProgramError: there is none, or it is of another kind.
        """
        if name not in self.all:
            raise ProgramError(f"{self.what(name)}: expected {expected}, but it is missing")
        value = self.all[name]
        if not isinstance(value, kind):
            got = arguments.shown(value)
            raise ProgramError(f"{self.what(name)}: expected {expected}, got {got}")
        return value

    def text(self, name: str, *choices: str) -> str:
        """A text, one of some where they are given."""
        expected = f"one of {', '.join(map(repr, choices))}" if choices else "a text"
        value = self.read(name, str, expected)
        if choices and value not in choices:
            raise ProgramError(f"{self.what(name)}: expected {expected}, got {value!r}")
        return value

    def whole(self, name: str, low: int) -> int:
        """A whole number, not below `low`."""
        return arguments.whole(self.what(name), self.read(name, object, "a whole number"), low)

    def number(self, name: str, **bounds: float) -> float:
        """A finite number within bounds, see `arguments.number`."""
        return arguments.number(self.what(name), self.read(name, object, "a number"), **bounds)

    def flag(self, name: str) -> bool:
        """True or False."""
        return self.read(name, bool, "true or false")

    def fields(self, name: str) -> Fields:
        """An object."""
        return Fields(self.what(name), self.read(name, dict, "an object"))

    def objects(self, name: str) -> list[Fields]:
        """A list of objects."""
        items = self.read(name, list, "a list of objects")
        return [Fields(f"{self.what(name)}[{i}]", item) for i, item in enumerate(items)]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return self._each(name, str, "a list of texts")

    def shape(self, name: str) -> tuple[int, ...]:
        """A list of lengths."""
        for length in (lengths := self._each(name, int, "a list of lengths")):
            arguments.positive(self.what(name), length)
        return lengths

    def _each(self, name: str, kind: type[T], expected: str) -> tuple[T, ...]:
        items = self.read(name, list, expected)
        for item in items:
            if not isinstance(item, kind):
                got = arguments.shown(item)
                raise ProgramError(f"{self.what(name)}: expected {expected}, got {got} in it")
        return tuple(items)
