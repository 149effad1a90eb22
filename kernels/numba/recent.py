"""What was worked out for earlier calls: the least recently used goes, where it becomes too much.

Plans of convolutions have tables with a place for each pixel. Their number says little of their
size, so what is kept, of all functions together, is bounded by bytes.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

MOST_BYTES = 1 << 28
"""Of all that is kept: plans for images of a megapixel, 16 MiB and 60 ms each, of eight layers."""


class Kept(NamedTuple):
    """The result of a call."""

    result: Any
    bytes: int


class Recent:
    """Results of calls, the least recently used first."""

    def __init__(self, most: int):
        self.most, self.bytes = most, 0
        self.kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self.lock = threading.Lock()

    def remembered(self, function: Callable[P, R]) -> Callable[P, R]:
        """Keep the results of a pure function, by its arguments: all threads get the same object.

        A result may be an argument of another call. It is counted once, and lives as long as that
        call's own: asked for one after the other, they go one after the other.
        """

        work: Callable[..., R] = function

        @functools.wraps(function)
        def recalled(*arguments: Any) -> Any:
            key = (function, arguments)
            try:  # without the lock: what goes meanwhile is worked out once more
                self.kept.move_to_end(key)
                return self.kept[key].result
            except KeyError:
                pass
            return self.keep(key, work(*arguments))

        return cast(Callable[P, R], recalled)

    def keep(self, key: Hashable, result: Any) -> Any:
        """Keep a result, unless another thread's is there: then that one. The last one stays."""
        with self.lock:
            if key not in self.kept:
                self.kept[key] = Kept(result, size(result))
                self.bytes += self.kept[key].bytes
            kept = self.kept[key]
            while self.bytes > self.most and len(self.kept) > 1:
                self.bytes -= self.kept.popitem(last=False)[1].bytes
            return kept.result

    def after_fork(self) -> None:
        """In a child there is no thread that would give the lock back."""
        self.lock = threading.Lock()


def size(thing: Any) -> int:
    """Bytes of an array, a number, or a tuple or object that holds such things."""
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    inside = thing if isinstance(thing, tuple) else getattr(thing, "__dict__", {}).values()
    return sys.getsizeof(thing) + sum(map(size, inside))


RECENT = Recent(MOST_BYTES)
remembered = RECENT.remembered

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=RECENT.after_fork)
