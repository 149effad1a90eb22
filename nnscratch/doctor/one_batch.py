"""One batch learned by heart: whether wiring, loss and steps can work at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnscratch.core.arguments import positive
from nnscratch.core.describe import number
from nnscratch.doctor.program import Program
from nnscratch.doctor.retraining import retrain
from nnscratch.doctor.treatments.twins import OneBatch, by_heart
from nnscratch.doctor.trial import End
from nnscratch.model import Model
from nnscratch.training import feeding
from nnscratch.training.loop import FitPlan


@dataclass(frozen=True)
class Overfit:
    """How well a batch was learned by heart."""

    rows: int
    first_loss: float
    last_loss: float
    end: End
    """How well it is answered afterwards, in inference mode."""

    @property
    def fits(self) -> bool:
        """Whether hardly anything is missing to perfect answers."""
        return by_heart(self.end)

    def __str__(self) -> str:
        """What follows from it, with the numbers."""
        verdict = (
            "learned by heart: the wiring, the loss and the steps can work"
            if self.fits
            else "not learned by heart: look at the wiring, the loss and the steps, not at the data"
        )
        return (
            f"{self.rows} rows {verdict}; loss {number(self.first_loss)} -> "
            f"{number(self.last_loss)}, {self.end.measure} {number(self.end.score)}, where the "
            f"best constant has {number(self.end.chance)}"
        )


def overfit_one_batch(
    model: Model, x: Any, y: Any, *, batch_size: int | None = None, steps: int = 500
) -> Overfit:
    """Train a copy of a model on one batch alone, again and again; the model stays.

    A network that is wired rightly can learn a few rows by heart, whatever their labels are. One
    that cannot has its fault in the network, the loss or the optimizer.

    Args:
        model: compiled.
        x, y, batch_size: as `model.fit` takes them; the batch is of rows spread evenly over all.
        steps: how many are taken.

    Raises:
        NNError: the data are none that `fit` takes, the batch has only one target, or the model is
            not compiled.
    """
    epochs = positive("overfit_one_batch steps", steps)
    plan = FitPlan(feeding.batch_size(batch_size), epochs, 0, shuffle=False)
    program = OneBatch()(Program.of_rows(model, feeding.training_rows(model, x, y), plan))
    taken = retrain(program, steps)
    task = program.task
    end = End(task.measure, task.chance, program.score(taken.model), taken.model.iteration)
    return Overfit(len(program.rows), taken.losses[0], taken.losses[-1], end)
