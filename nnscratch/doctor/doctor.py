"""Doctor: watches a training and says what ails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from nnscratch.core.errors import NNError
from nnscratch.doctor.chart import Chart, open_chart
from nnscratch.doctor.diagnosis import Diagnosis, diagnosis_of
from nnscratch.doctor.survey import survey
from nnscratch.model import Model
from nnscratch.training.callbacks import Callback, Logs
from nnscratch.training.feeding import listed

if TYPE_CHECKING:
    from nnscratch.core.step import Step
    from nnscratch.training.loop import Fit


class Doctor(Callback):
    """Watches a training: `model.fit(x, y, callbacks=[doctor])`, then `print(doctor.diagnosis)`.

    It surveys some training rows before and after, notes the loss of every step, and takes a
    closer look at steps 0, 1, 2, 3, 5, ... It changes nothing, and draws no random numbers.
    A training that Ctrl-C or an error ended is diagnosed too, from what was seen until then.
    """

    heard_last = True
    _fit: Fit | None = None
    _chart: Chart | None = None
    _diagnosis: Diagnosis | None = None

    def set_fit(self, fit: Fit) -> None:
        """Survey the beginning."""
        self._fit, self._diagnosis, self._chart = fit, None, None
        model, plan = cast(Model, self.model), fit.plan
        epochs = plan.epochs - plan.initial_epoch
        self._chart = open_chart(model, fit.rows, epochs, plan.batch_size, fit.validation)

    def on_step(self, step: Step) -> None:
        """Note the step."""
        assert self._chart is not None
        self._chart.course.note(step, self._chart.model.backend.k)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Survey the end, and ask the rules."""
        assert self._chart is not None
        assert self._fit is not None
        chart, model = self._chart, cast(Model, self.model)
        ended = self._fit.position.epoch >= self._fit.plan.epochs or model.stop_training
        chart.interrupted = not ended
        if not chart.course.steps:
            return
        try:
            chart.end = survey(model, chart.rows, chart.epochs)
        except Exception:  # what ended the training, somebody's loss or layer, may do so here too
            if ended:
                raise
        self._diagnosis = diagnosis_of(chart)

    @property
    def diagnosis(self) -> Diagnosis:
        """What the last training showed.

        Raises:
            NNError: it has watched none yet, or one that took no step.
        """
        if self._diagnosis is None:
            seen = "nothing has been watched yet" if self._chart is None else "no step was taken"
            raise NNError(
                f"doctor.diagnosis: {seen}; model.fit(x, y, epochs=5, callbacks=[doctor]) first"
            )
        return self._diagnosis

    @property
    def knows(self) -> bool:
        """Whether there is a diagnosis."""
        return self._diagnosis is not None


def diagnose(model: Model, x: Any, y: Any, **arguments: Any) -> Diagnosis:
    """Train a compiled model under a doctor's eyes, and say what ails it.

    Ctrl-C ends the training; the diagnosis tells what was seen until then.

    Args:
        model: compiled.
        x, y: as `model.fit` takes them. NaN and Inf are let through, and found.
        arguments: the other arguments of `model.fit`.

    Raises:
        NNError: the data or arguments are none that `fit` takes; no step was taken.
        Exception: what a loss, metric or layer of your own raises; where steps were taken before,
            it has a note with the diagnosis.
    """
    doctor = Doctor()
    callbacks = [*listed(arguments.pop("callbacks", None)), doctor]
    quiet = {"verbose": 0, "allow_nonfinite": True}
    try:
        model.fit(x, y, callbacks=callbacks, **quiet | arguments)
    except KeyboardInterrupt:
        if not doctor.knows:
            raise
    except Exception as error:
        if doctor.knows:
            error.add_note(f"What the doctor saw until then:\n\n{doctor.diagnosis}")
        raise
    return doctor.diagnosis
