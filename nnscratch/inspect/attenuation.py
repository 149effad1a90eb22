"""How much of the gradient each call lets through on its way back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from nnscratch.core.describe import number
from nnscratch.core.step import Step, tape_of
from nnscratch.core.table import Table
from nnscratch.core.tape import Tape, full_key, has_key, labels
from nnscratch.inspect.gradient_path import GradientPath, cell, size, way
from nnscratch.inspect.hops import Hop, hops_of, losses_of


class Attenuation(Mapping[str, float]):
    """The factor of each call, norm of dL/dx against norm of dL/dy, by key.

    Of a layer with weights it is the gain; of an activation, the slope. The factors multiply along
    a chain of calls, and a single 0 ends it. Of a call with several inputs it is the factor of the
    one that gets most. NaN where nothing came to the call, or nobody wanted its gradient.
    """

    def __init__(self, hops: tuple[Hop, ...], losses: Mapping[str, float]):
        self.hops = hops
        """One for each input of each call, in the order of the graph."""
        self.losses = losses
        """Norm of what the loss itself hands back to each output, by the key of its call."""
        self._factors = {hop.key: largest_factor(hops, hop.key) for hop in hops}

    def path(self, name: str) -> GradientPath:
        """The way of the gradient from the loss to the output of a call.

        Where an output has several readers it follows the one that hands back most.

        Args:
            name: a call's key, or its layer's path where that was called once.

        Raises:
            LookupError, UnknownNameError: there is no such call, or there are several.
        """
        return way(self.hops, self.losses, full_key(name, self._factors))

    def __getitem__(self, name: str) -> float:
        return self._factors[full_key(name, self._factors)]

    def __contains__(self, name: object) -> bool:
        return has_key(name, self._factors)

    def __iter__(self) -> Iterator[str]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def __repr__(self) -> str:
        return f"Attenuation({self._factors})"

    # -- views ------------------------------------------------------------------------------

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        headings = ("call", "role", "|dL/dy|", "|dL/dx|", "factor", "slope", "largest")
        notes = (
            "factor: |dL/dx| / |dL/dy|, what the call lets through on the way back to an input",
            "slope, largest: mean and largest |dx/dy| of the entries where dy is not 0",
            'attenuation.path("conv2d"): the way from the loss to one call',
        )
        title = "how much of the gradient each call lets through"
        return Table(title, headings, list(self._rows()), notes, words=(0, 1))

    def _rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each input of each call."""
        names, seen = labels(self), set[str]()
        for hop in self.hops:
            first = hop.key not in seen
            seen.add(hop.key)
            heads = (names[hop.key], hop.role, number(hop.came))
            source = names.get(hop.source, hop.source)
            yield (
                *(heads if first else (f"  and back to {source}", "", "")),
                "-" if hop.passed is None else number(hop.passed),
                cell(hop.factor),
                *(map(number, hop.slope) if hop.slope else ("", "")),
            )


def largest_factor(hops: Iterable[Hop], key: str) -> float:
    """The factor of that input of a call which gets most."""
    known = (hop.factor for hop in hops if hop.key == key and hop.passed is not None)
    return max(known, key=size, default=math.nan)


def attenuation(run: Tape | Step) -> Attenuation:
    """How much of the gradient each call lets through on its way back.

    Args:
        run: a step, or a tape that was run backward. Only numbers are kept of it, so those of
            many steps may be kept: `nn.LambdaCallback(needs=["output_gradient",
            "input_gradients"], on_step=lambda step: seen.append(nn.attenuation(step)))`.

    Raises:
        ArgumentError: it is neither.
        NNError: the tape has not been run backward.
    """
    tape = tape_of("attenuation", run)
    return Attenuation(tuple(hops_of(tape)), losses_of(tape))
