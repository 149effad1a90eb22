"""How the variants of a study are trained: quietly, and so that it can be interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies.study import Setting

EVERY, KEPT = 25, 2
"""How often a training is kept, in steps, and how many checkpoints of it: it need only go on."""


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
    part: str = "training",
    **arguments: Any,
) -> nn.History:
    """As `model.fit`, but it prints nothing, moves the study's bar and lets others watch.

    Where the setting has a folder the training is recorded there, and one that was interrupted
    goes on.

    Args:
        model: the model to train.
        setting: of the variant.
        x, y, callbacks, arguments: what `model.fit` is given.
        part: a name for this training, where a variant has several.
    """
    listeners = [*callbacks, Share(setting.moved), *setting.watchers]
    if setting.folder is not None:
        listeners.append(nn.Run(setting.folder / part, every=EVERY, keep=KEPT, resume=True))
    return model.fit(x, y, verbose=0, callbacks=listeners, **arguments)


def weights(model: nn.Model) -> dict[str, Array]:
    """All weights by path, as copies on the host."""
    return dict(zip(model.params, model.get_weights(), strict=True))
