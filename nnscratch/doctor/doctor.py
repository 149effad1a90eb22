"""Doctor: watches a training and says what ails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nnscratch.core.errors import NNError
from nnscratch.doctor.chart import Chart, open_chart
from nnscratch.doctor.diagnosis import Diagnosis, diagnosis_of
from nnscratch.doctor.survey import survey
from nnscratch.model import Model
from nnscratch.training.callbacks import Callback, Logs

if TYPE_CHECKING:
    from nnscratch.core.step import Step
    from nnscratch.training.loop import Fit


class Doctor(Callback):
    """Watches a training: `model.fit(x, y, callbacks=[doctor])`, then `print(doctor.diagnosis)`.

    It surveys some training rows before and after, notes the loss of every step, and takes a
    closer look at steps 0, 1, 2, 3, 5, ... It changes nothing, and draws no random numbers.
    """

    heard_last = True
    _chart: Chart | None = None
    _diagnosis: Diagnosis | None = None

    def set_fit(self, fit: Fit) -> None:
        """Survey the beginning."""
        model, plan = cast(Model, self.model), fit.plan
        self._chart = open_chart(model, fit.rows, plan.epochs, plan.batch_size)
        self._diagnosis = None

    def on_step(self, step: Step) -> None:
        """Note the step."""
        assert self._chart is not None
        self._chart.course.note(step, self._chart.model.backend.k)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Survey the end, and ask the rules."""
        assert self._chart is not None
        chart = self._chart
        chart.end = survey(chart.model, chart.rows, chart.epochs)
        self._diagnosis = diagnosis_of(chart)

    @property
    def diagnosis(self) -> Diagnosis:
        """What the last training showed.

        Raises:
            NNError: it has watched none yet.
        """
        if self._diagnosis is None:
            raise NNError(
                "doctor.diagnosis: nothing has been watched yet; "
                "model.fit(x, y, callbacks=[doctor]) first"
            )
        return self._diagnosis


def diagnose(model: Model, x: Any, y: Any, **arguments: Any) -> Diagnosis:
    """Train a compiled model under a doctor's eyes, and say what ails it.

    Args:
        model: compiled.
        x, y: as `model.fit` takes them.
        arguments: the other arguments of `model.fit`.
    """
    doctor = Doctor()
    callbacks = [*arguments.pop("callbacks", ()), doctor]
    model.fit(x, y, callbacks=callbacks, **{"verbose": 0} | arguments)
    return doctor.diagnosis
