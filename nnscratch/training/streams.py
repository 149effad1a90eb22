"""Streams: batches that somebody makes while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from nnscratch.core.arguments import ArgumentError, positive
from nnscratch.core.errors import DataError, NNError
from nnscratch.training.batches import Rows


class Places(Protocol):
    """What has its batches at places, such as a keras.utils.PyDataset."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, place: int, /) -> Any:
        """One of them."""


class Stream:
    """Batches of a generator, or of anything that can be gone over.

    The first one is read at once, and refused before anything is computed. What can be gone over
    again, such as a list, begins anew when it is through; a generator has to have enough.

    Args:
        what: how messages call the source: "fit x".
        source: yields the batches.
        steps: how many are read in a pass; None: all that there are.
        read: makes rows of a batch.
        anew: whether every pass begins with the first batch, where it can; else it goes on.

    Raises:
        DataError: there is no batch, or the first one is none.
    """

    def __init__(
        self,
        what: str,
        source: Iterable[Any] | Places,
        steps: int | None,
        read: Callable[[Any], Rows],
        anew: bool = False,
    ):
        self._what, self._source, self._read, self._anew = what, source, read, anew
        self._length = steps
        self._iterator = begun(source)
        self._taken = 0
        self._ahead = self._next()
        if self._ahead is None:
            raise DataError(f"{what}: yields no batch; expected one at least")

    def steps(self, size: int) -> int | None:
        """How many batches make a pass, whatever their size; None: as many as there are."""
        return self._length

    def batches(
        self, size: int, shuffle: tuple[int, int] | None = None, first: int = 0
    ) -> Iterator[Rows]:
        """The batches of a pass; their size and order are those that they come in."""
        if self._anew and self._ahead is None:
            self._iterator = begun(self._source)
        done = first
        while done != self._length:
            batch, self._ahead = self._ahead or self._next(), None
            if batch is None:
                return
            yield batch
            done += 1

    def _next(self) -> Rows | None:
        """The next batch; None at the end, where nobody said how many there are."""
        for item in self._iterator:
            return self._rows(item)
        if self._length is None:
            return None
        self._iterator = begun(self._source)
        for item in self._iterator:
            return self._rows(item)
        raise DataError(
            f"{self._what}: the batches came to an end after {self._taken}; an epoch takes "
            f"{self._length}. Let the generator go on for ever, or give something that can be gone "
            "over again, such as a list"
        )

    def _rows(self, item: Any) -> Rows:
        """What was yielded, read; an error says which batch it was."""
        self._taken += 1
        try:
            return self._read(item)
        except NNError as error:
            error.add_note(f"{self._what}: this was batch {self._taken} of those that it yields")
            raise


def begun(source: Iterable[Any] | Places) -> Iterator[Any]:
    """What goes over a source: by place, where it has places alone."""
    if isinstance(source, Iterable):
        return iter(source)
    return (source[place] for place in range(len(source)))


def is_stream(x: Any) -> bool:
    """Whether something yields batches, rather than being an array or several."""
    if isinstance(x, Mapping | str | bytes | bytearray | memoryview):
        return False
    if hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return False
    if isinstance(x, Sequence):
        return bool(x) and all(isinstance(item, tuple) for item in x)
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def length(what: str, source: Any, steps: int | None) -> int | None:
    """How many batches are meant: those that somebody says, else all; None where nobody knows.

    Raises:
        ArgumentError: that is no number from 1.
    """
    if steps is None:
        try:
            steps = len(source)
        except TypeError:  # also of what has a length but does not know it, as loaders of PyTorch
            return None
    return positive(what, steps)


def known_length(what: str, source: Any, steps: int | None) -> int:
    """How many batches are meant, where somebody has to know.

    Raises:
        ArgumentError: nobody does.
    """
    found = length(what, source, steps)
    if found is None:
        raise ArgumentError(
            f"{what}: say how many batches make an epoch; {type(source).__name__} has no length "
            "that would"
        )
    return found
