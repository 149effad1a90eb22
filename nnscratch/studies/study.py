"""What a study is: variants that are measured, and claims about what was measured.

Everything that a study says (claims, answer, figures, report) it reads from its measurements, and
these stand in findings.json: whatever is said can be checked there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from nnscratch.backend import DEFAULT
from nnscratch.core.errors import look_up
from nnscratch.core.table import Table
from nnscratch.training.callbacks import Callback

Measurements: TypeAlias = Mapping[str, Any]
"""What one variant measured, by name: numbers, strings, and lists and mappings of them."""
Results: TypeAlias = Mapping[str, Measurements]
"""What the variants measured, by variant."""

RELATIONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


@dataclass(frozen=True)
class Setting:
    """How a study is run."""

    backend: str = DEFAULT
    seed: int = 0
    scale: str = "small"
    """"small" runs in seconds; "full" is the asker's own size, as far as it is known."""
    folder: Path | None = None
    """Where a variant keeps what it needs to go on after an interruption; None: nowhere."""
    moved: Callable[[float], None] = lambda share: None
    """Told which share of a training is through."""
    watchers: Sequence[Callback] = ()
    """Who else listens to it."""


class Epochs(NamedTuple):
    """How long a network is trained, by scale."""

    small: int
    full: int

    def at(self, setting: Setting) -> int:
        """The number for a setting's scale."""
        return self.full if setting.scale == "full" else self.small


@dataclass(frozen=True)
class Variant:
    """One system: the asker's, or that with one change."""

    name: str
    change: str
    """What it is, or what it changes, in a few words."""
    run: Callable[[Setting], Measurements]


@dataclass(frozen=True)
class Claim:
    """A sentence about the mechanism, and the measurement that decides it."""

    claim: str
    measured: float
    expected: str
    """A relation and a number: "< 0.01"."""

    @property
    def holds(self) -> bool:
        """Whether the measured number is as expected; NaN never is."""
        relation, bound = self.expected.split()
        return bool(RELATIONS[relation](self.measured, float(bound)))


@dataclass(frozen=True)
class Advice:
    """An answer that the asker got, and what the measurements say to it."""

    answer: str
    verdict: str
    """In a word or two: "supported", "not the cause" ..."""
    why: str


@dataclass(frozen=True)
class Figure:
    """A picture of measurements."""

    name: str
    """Of its file, without ".png"."""
    caption: str
    draw: Callable[[], bytes]
    """Draws it, as PNG; needs matplotlib."""


@dataclass(frozen=True)
class Study:
    """A question, the systems that are measured to answer it, and what follows."""

    name: str
    title: str
    """One line for lists."""
    question: str
    """What was asked, in our words."""
    source: str
    """Who asked it, and where."""
    variants: Sequence[Variant]
    columns: Mapping[str, Callable[[Measurements], str]]
    """What a table of the variants shows: heading -> cell."""
    claims: Callable[[Results], Sequence[Claim]]
    answer: Callable[[Results], str]
    """Some sentences to the asker, with the measured numbers; an empty line parts paragraphs."""
    advice: Callable[[Results], Sequence[Advice]]
    figures: Callable[[Results], Sequence[Figure]]
    tables: Callable[[Results], Sequence[Table]] = lambda results: ()
    """Numbers that are to be read one by one, beside the figures."""

    def variant(self, name: str | None) -> Variant:
        """The variant of that name; None: the asker's, which is the first.

        Raises:
            UnknownNameError: there is none; names the nearest one.
        """
        if name is None:
            return self.variants[0]
        return look_up("variant", name, {variant.name: variant for variant in self.variants})
