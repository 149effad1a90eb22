"""LearningRateScheduler: a learning rate for each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nnscratch.core.arguments import ArgumentError, number, shown
from nnscratch.training.callbacks import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the learning rate when an epoch begins, and adds it to the epoch's logs.

    A schedule of steps, such as nn.schedules.CosineDecay, is an optimizer's learning rate instead.

    Args:
        schedule: a function of the epoch, from 0, and of the learning rate until now; or of the
            epoch alone.
        verbose: 1 prints a line for every epoch.

    Raises:
        ArgumentError: the schedule is no such function, or returns no number from 0.
        NNError: while training, if the optimizer has a schedule of its own.
    """

    adds = frozenset({"learning_rate"})

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        self.schedule = schedule
        self.verbose = verbose
        self._reads_rate = takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Ask the schedule."""
        given = (epoch, self.model.learning_rate) if self._reads_rate else (epoch,)
        rate = number("LearningRateScheduler schedule", self.schedule(*given), low=0)
        self.model.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = self.model.learning_rate


def takes_two(schedule: Any) -> bool:
    """Whether a schedule reads the learning rate too.

    Raises:
        ArgumentError: it is no function of one or two arguments.
    """
    for arguments in (2, 1):
        try:
            inspect.signature(schedule).bind(*range(arguments))
        except (TypeError, ValueError):
            continue
        return arguments == 2
    raise ArgumentError(
        "LearningRateScheduler schedule: expected a function of (epoch, learning_rate) or of "
        f"(epoch), got {shown(schedule)}"
    )
