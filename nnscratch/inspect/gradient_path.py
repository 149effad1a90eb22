"""The way of the gradient from the loss to one layer, in factors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nnscratch.core.describe import number
from nnscratch.core.table import Table
from nnscratch.core.tape import labels
from nnscratch.inspect.hops import Hop

LOSS = "loss"
"""Stands for the loss among the readers of an output. Keys of calls have a #."""
BRANCHES = "branches"
"""The role of a sum over several readers, which is no call."""


@dataclass(frozen=True)
class Sum(Hop):
    """Where several readers of an output hand back gradients, which are summed.

    The way follows the largest of them: it came, and the sum goes on. A factor above 1 says that
    the others help, one below 1 that they take some of it back.
    """

    others: tuple[tuple[str, float], ...] = ()
    """The other readers, by key, and the norms of what they hand back."""


@dataclass(frozen=True, repr=False)
class GradientPath:
    """A chain of calls, whose factors multiply to what is left of the loss's gradient."""

    call: str
    """Key of the call at the end."""
    hops: tuple[Hop, ...]
    """From the loss on."""
    arrives: float
    """Norm of the gradient by the output of the call at the end."""
    names: Mapping[str, str]
    """What calls are named in tables, by key."""

    @property
    def starts(self) -> float:
        """Norm of what the loss hands back."""
        return self.hops[0].came if self.hops else self.arrives

    @property
    def total(self) -> float:
        """What arrives against what starts: the product of all factors; NaN if nothing starts."""
        return self.arrives / self.starts if self.starts else math.nan

    @property
    def roles(self) -> dict[str, float]:
        """The product of the factors of each role, of those hops that any gradient came to."""
        reached = self._reached()
        return {
            role: math.prod(hop.factor for hop in reached if hop.role == role)
            for role in dict.fromkeys(hop.role for hop in reached)
        }

    @property
    def least(self) -> Hop | None:
        """The hop that lets least through; where NaN or infinity appears, that which makes it.

        None where there is no hop, or none that any gradient came to.
        """
        reached = self._reached()
        for hop in reached:
            if not math.isfinite(hop.factor):
                return hop
        return min(reached, key=lambda hop: hop.factor, default=None)

    def _reached(self) -> list[Hop]:
        return [hop for hop in self.hops if hop.came and hop.passed is not None]

    # -- views ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        arrives = f"{number(self.total)} of it arrives"
        return f"GradientPath(to {self.call}: {len(self.hops)} hops, {arrives})"

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        title = f"the way of the gradient from the loss to {self._name(self.call)}, call by call"
        headings = ("call", "role", "|dL/dy|", "factor", "product", "slope", "largest")
        end = (f"> {self._name(self.call)}", "", number(self.arrives), *[""] * 4)
        rows = [*self._rows(), end]
        return Table(title, headings, rows, list(self._notes()), words=(0, 1))

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for hop in self.hops:
            product = hop.passed / self.starts if self.starts and hop.passed is not None else None
            yield (
                *(self.label(hop), hop.role, number(hop.came), cell(hop.factor), cell(product)),
                *(map(number, hop.slope) if hop.slope else ("", "")),
            )

    def _notes(self) -> Iterator[str]:
        """What the numbers say in words."""
        for hop in self.hops:
            if isinstance(hop, Sum):
                others = ", ".join(f"{self._name(key)} {number(size)}" for key, size in hop.others)
                yield (
                    f"{self._name(hop.source)} hands back most to {self._name(hop.key)} "
                    f"({number(hop.came)}); besides {others}"
                )
        if self.hops:
            products = " · ".join(f"{role} {cell(value)}" for role, value in self.roles.items())
            yield f"by role: {products}; together {cell(self.total)}"
        if self.starts == 0:
            yield "the loss itself hands back exactly 0: nothing learns from this batch"
        elif (least := self.least) is not None:
            amount = f"{number(least.factor)} of it" if least.factor else "exactly 0"
            yield f"least goes through {self.label(least)}: {amount}"
        if any(hop.slope for hop in self.hops):
            yield "slope, largest: mean and largest |dx/dy| of the entries where dy is not 0"

    def label(self, hop: Hop) -> str:
        """What a hop is called in tables and figures."""
        name = self._name(hop.key)
        return f"readers of {name}" if isinstance(hop, Sum) else name

    def _name(self, key: str) -> str:
        return self.names.get(key, f"the {key}")


def cell(factor: float | None) -> str:
    """A factor in a table; a dash where there is none."""
    return "-" if factor is None or math.isnan(factor) else number(factor)


def way(hops: Sequence[Hop], losses: Mapping[str, float], key: str) -> GradientPath:
    """The way to a call, through the readers that hand back most.

    Args:
        hops: of the whole tape.
        losses: norm of what the loss hands back to each output, by the key of its call.
        key: of the call at the end.
    """
    came = {hop.key: hop.came for hop in hops}
    chain: list[Hop] = []
    place = key
    while place != LOSS:
        readers: list[tuple[str, float, Hop | None]] = [
            (hop.key, hop.passed or 0.0, hop) for hop in hops if hop.source == place
        ]
        if place in losses:
            readers.append((LOSS, losses[place], None))
        readers.sort(key=lambda reader: -size(reader[1]))
        (nearer, share, hop), *others = readers
        if others:
            rest = tuple((reader, norm) for reader, norm, _ in others)
            chain.append(Sum(place, BRANCHES, nearer, share, came[place], others=rest))
        if hop is not None:
            chain.append(hop)
        place = nearer
    return GradientPath(key, tuple(reversed(chain)), came[key], labels(came))


def size(norm: float) -> float:
    """What a norm counts for when a way is chosen: NaN leads to where it was made."""
    return math.inf if math.isnan(norm) else norm
