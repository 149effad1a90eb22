"""What a training step has to do, counted before anything is timed: operations and bytes.

Every kernel that a step calls is asked what it computes and which arrays it reads and writes, by
`kernels.cost`: a convolution counts as its direct sum, an array as read or written once. What
layers do through `ctx.xp`, such as the difference of two inputs, is not counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.step.course import OwnCourse
from nnscratch.kernels import cost

PARTS = ("forward", "gradients", "update")
LOSSES = (
    *("squared_error", "absolute_error", "binary_cross_entropy", "categorical_cross_entropy"),
    *("sigmoid_cross_entropy", "softmax_cross_entropy"),
)
"""What ends the forward pass: these hand back the first gradient."""
UPDATES = ("sgd", "momentum", "rmsprop", "adagrad", "adam")
"""What begins the update."""


class Call(NamedTuple):
    """What one call of a kernel has to do, and in which part of a step."""

    part: str
    op: str
    flop: int
    bytes: int


class Counted:
    """A backend's operations, which write down what they are called for."""

    def __init__(self, k: Any):
        self._k = k
        self.part = PARTS[0]
        self.calls: list[Call] = []

    def __getattr__(self, op: str) -> Callable[..., Any]:
        function = getattr(self._k, op)

        def counted(*arguments: Any) -> Any:
            result = function(*arguments)
            self.part = "update" if op in UPDATES else self.part
            work = cost.flop(op, arguments), cost.traffic(arguments, result)
            self.calls.append(Call(self.part, op, *work))
            self.part = "gradients" if op in LOSSES else self.part
            return result

        return counted


@dataclasses.dataclass(frozen=True)
class Duty:
    """The calls of a step, and what a machine needs for them at the least."""

    calls: Sequence[Call]

    @classmethod
    def of(cls, course: OwnCourse) -> Duty:
        """Count the steps of a course of one step, by taking it."""
        model, backend = course.model, course.model.backend
        counted: Any = Counted(backend.k)
        model.backend = dataclasses.replace(backend, k=counted)
        course()
        model.backend = backend
        return cls(counted.calls)

    def gflop(self) -> dict[str, float]:
        """Operations, in 10^9, by part."""
        return {part: 1e-9 * sum(c.flop for c in self.calls if c.part == part) for part in PARTS}

    def gbytes(self) -> dict[str, float]:
        """Bytes, in 10^9, by part."""
        return {part: 1e-9 * sum(c.bytes for c in self.calls if c.part == part) for part in PARTS}

    def seconds(self, peak: float, bandwidth: float) -> float:
        """The least time, with each call under the lower of two ceilings.

        Args:
            peak: of a matrix product, in GFLOP/s.
            bandwidth: of a copy, in GB/s.
        """
        return 1e-9 * sum(max(call.flop / peak, call.bytes / bandwidth) for call in self.calls)
