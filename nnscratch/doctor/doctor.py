"""Doctor: watches a training and says what ails it."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any, cast

from nnscratch.core.arguments import ArgumentError, instance, number
from nnscratch.core.errors import NNError
from nnscratch.doctor.chart import Chart, open_chart
from nnscratch.doctor.diagnosis import Diagnosis, diagnosis_of
from nnscratch.doctor.program import Program
from nnscratch.doctor.survey import survey
from nnscratch.doctor.treatments import Treatment
from nnscratch.doctor.trial import Trial
from nnscratch.doctor.trials import Watched, try_fixes
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
    Fixes are tried on request: `doctor.verify()`.
    """

    heard_last = True
    _fit: Fit | None = None
    _chart: Chart | None = None
    _diagnosis: Diagnosis | None = None
    _begin: Program | None = None
    _watched: Watched | None = None
    _begun = 0.0

    def set_fit(self, fit: Fit) -> None:
        """Survey the beginning."""
        self._fit, self._diagnosis, self._chart, self._watched = fit, None, None, None
        model, plan = cast(Model, self.model), fit.plan
        epochs = plan.epochs - plan.initial_epoch
        self._begin = Program.of(model, fit)
        self._chart = open_chart(model, fit.rows, epochs, plan.batch_size, fit.validation)
        self._begun = time.perf_counter()

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
        assert self._begin is not None
        seconds = time.perf_counter() - self._begun
        self._watched = Watched(chart, self._begin, Program.of(model, self._fit), seconds)
        try:
            chart.end = survey(model, chart.rows, chart.epochs)
        except Exception:  # what ended the training, somebody's loss or layer, ends this too
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

    def verify(self, budget: float | None = None) -> Diagnosis:
        """Try the fixes of what was found, and its twins, each in a training of its own.

        They begin where the training began. The watched model stays as it is. Callbacks of the
        training take no part in them. Ctrl-C ends the trials, not the diagnosis.

        Args:
            budget: seconds for all of them together; None for as many as the training took.

        Returns:
            The diagnosis, with what came of the fixes, `Finding.trial`, and with what the twins
            told among the evidence.

        Raises:
            NNError: nothing was watched yet.
            ArgumentError: the budget is no number >= 0.
        """
        found, watched = self.diagnosis, self._watched
        assert watched is not None
        seconds = watched.seconds if budget is None else number("verify budget", budget, low=0)
        if seconds and any(finding.treatment or finding.twins for finding in found.findings):
            findings, trials = try_fixes(watched, found.findings, seconds)
            self._diagnosis = dataclasses.replace(found, findings=findings, trials=trials)
        return self.diagnosis

    def try_out(
        self,
        treatment: Treatment,
        step: int | None = None,
        *,
        loss: int = 0,
        seconds: float = math.inf,
    ) -> Trial:
        """Fork the training at a step, change one thing, and see what measurably changes.

        The steps before that one are taken again. The fork goes on to where the training ended.

        Args:
            treatment: what is changed, such as `LearningRate(0.1)` of
                nnscratch.doctor.treatments.
            step: the first one that the fork takes; None for the first of the training, or where
                the treatment makes more of them, the next.
            loss: the number of the one whose output is scored.
            seconds: after which it ends.

        Raises:
            NNError: nothing was watched; the training took no such step; the treatment cannot be
                applied to it; or a callback changed optimizer or loss meanwhile, so that more than
                one thing would differ.
        """
        if self._watched is None:
            raise NNError("doctor.try_out: nothing has been watched yet; model.fit first")
        return self._watched.try_out(treatment, loss, seconds, step)


def diagnose(
    model: Model,
    x: Any,
    y: Any,
    *,
    loss: Any = None,
    optimizer: Any = None,
    budget: float | None = None,
    **arguments: Any,
) -> Diagnosis:
    """Train a model under a doctor's eyes, say what ails it, and try what would heal it.

    Ctrl-C ends the training, and the diagnosis tells what was seen until then; or it ends the
    trials, and what was found stays.

    Args:
        model: compiled, or not.
        x, y: as `model.fit` takes them. NaN and Inf are let through, and found.
        loss, optimizer: as `model.compile` takes them, for a model that is not compiled yet.
        budget: seconds that trying fixes may take; None for as many as the training takes, 0 to
            try none. See `Doctor.verify`.
        arguments: the other arguments of `model.fit`.

    Raises:
        NNError: the data or arguments are none that `fit` takes; no step was taken; the model is
            compiled and a loss or optimizer is given too, or neither.
        Exception: what a loss, metric or layer of your own raises; where steps were taken before,
            it has a note with the diagnosis.
    """
    instance("diagnose", model, Model, "an nn.Model")
    if budget is not None:
        number("diagnose budget", budget, low=0)
    prepare(model, loss, optimizer)
    doctor = Doctor()
    callbacks = [*listed(arguments.pop("callbacks", None)), doctor]
    quiet = {"verbose": 0, "allow_nonfinite": True}
    try:
        model.fit(x, y, callbacks=callbacks, **quiet | arguments)
    except KeyboardInterrupt:
        if not doctor.knows:
            raise
        return doctor.diagnosis
    except Exception as error:
        if doctor.knows:
            error.add_note(f"What the doctor saw until then:\n\n{doctor.diagnosis}")
        raise
    return doctor.verify(budget)


def prepare(model: Model, loss: Any, optimizer: Any) -> None:
    """Compile a model that is not compiled yet."""
    given = {"loss": loss, "optimizer": optimizer}
    named = {name: value for name, value in given.items() if value is not None}
    if model.is_compiled and named:
        raise ArgumentError(
            f"diagnose: the model is compiled already, {' and '.join(named)} would be ignored; "
            "leave it out, or call model.compile(optimizer, loss) anew"
        )
    if not model.is_compiled and loss is None:
        raise ArgumentError(
            "diagnose: the model is not compiled, and no loss is given; for example "
            'nn.diagnose(model, x, y, loss="mse", optimizer="adam")'
        )
    if not model.is_compiled:
        model.compile(**named)
