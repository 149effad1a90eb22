"""Streams: batches that somebody makes while training goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nnscratch.core.arguments import ArgumentError, positive
from nnscratch.core.errors import DataError
from nnscratch.training.batches import Rows


class Stream:
    """Batches of a generator, or of anything that can be gone over: (x, y) or (x, y, weights) each.

    The first one is read at once, and refused before anything is trained. What can be gone over
    again, such as a list, begins anew when it is through; a generator has to have enough.

    Args:
        source: yields the batches.
        steps: how many make an epoch; None: as many as `len(source)`.
        read: makes rows of a batch.

    Raises:
        ArgumentError: nobody knows how many make an epoch.
        DataError: the first batch is none.
    """

    def __init__(self, source: Iterable[Any], steps: int | None, read: Callable[[Any], Rows]):
        if steps is None and not hasattr(source, "__len__"):
            raise ArgumentError(
                "fit steps_per_epoch: say how many batches make an epoch; "
                f"{type(source).__name__} has no length that would"
            )
        self._length = positive("fit steps_per_epoch", len(source) if steps is None else steps)  # type: ignore[arg-type]
        self._source, self._read = source, read
        self._iterator = iter(source)
        self._taken = 0
        self._ahead: Rows | None = self._next()

    def steps(self, size: int) -> int:
        """How many batches make an epoch, whatever their size."""
        return self._length

    def batches(
        self, size: int, shuffle: tuple[int, int] | None = None, first: int = 0
    ) -> Iterator[Rows]:
        """The batches of an epoch; their size and order are those that they come in."""
        for _ in range(first, self._length):
            batch, self._ahead = self._ahead or self._next(), None
            yield batch

    def _next(self) -> Rows:
        try:
            item = next(self._iterator)
        except StopIteration:
            item = self._again()
        self._taken += 1
        return self._read(item)

    def _again(self) -> Any:
        """The first batch of the source when it is gone over again."""
        self._iterator = iter(self._source)
        for item in self._iterator:
            return item
        raise DataError(
            f"fit: the batches came to an end after {self._taken}; an epoch takes {self._length}. "
            "Let the generator go on for ever, or give something that can be gone over again, such "
            "as a list"
        )


def is_stream(x: Any, y: Any) -> bool:
    """Whether somebody gives batches, rather than all inputs: without targets beside them."""
    if y is not None or isinstance(x, Mapping) or hasattr(x, "__array__"):
        return False
    if isinstance(x, list | tuple):
        return bool(x) and all(isinstance(item, tuple) for item in x)
    return isinstance(x, Iterable) and not isinstance(x, str)
