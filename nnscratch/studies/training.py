"""How the variants of a study are trained: quietly, and so that it can be interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import nnscratch as nn
from nnscratch.studies.study import Setting


class Share(nn.Callback):
    """Tells somebody which share of the steps is through."""

    def __init__(self, moved: Callable[[float], None]):
        self.moved = moved

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """A step is through."""
        steps = self.params["steps"]
        self.moved((self._epoch * steps + batch + 1) / (steps * self.params["epochs"]))


def fit(
    model: nn.Model,
    setting: Setting,
    x: Any,
    y: Any,
    *,
    callbacks: Iterable[nn.Callback] = (),
    **arguments: Any,
) -> nn.History:
    """As `model.fit`, but it prints nothing and moves the study's bar.

    Args:
        model: the model to train.
        setting: of the variant.
        x, y, callbacks, arguments: what `model.fit` is given.
    """
    listeners = [*callbacks, Share(setting.moved)]
    return model.fit(x, y, verbose=0, callbacks=listeners, **arguments)
