"""What a page tells of a run, in terms of JSON: the program in the page draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.core.plain import plain
from nnscratch.doctor import Diagnosis
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.recorder import Recorder
from nnscratch.kernels.ops import STATISTICS, Array
from nnscratch.model import Model
from nnscratch.plots.canvas import COLORS
from nnscratch.runs import Run
from nnscratch.viewer import recording
from nnscratch.viewer.health import health
from nnscratch.viewer.images import Stations
from nnscratch.viewer.network import caches, tiles
from nnscratch.viewer.packing import packed, single, whole

T = TypeVar("T")

NOBODY = (
    "No Recorder listened to this training. Shown are the steps at its checkpoints, taken again; "
    "with nn.Recorder() among the callbacks of fit it is every step."
)
UNBOOKED = "No Ledger listened to this training: nn.Ledger() tells which weights earned its fall."


class Narrator:
    """Tells of a run, and of a run that grows again and again: nothing is looked at twice.

    Args:
        run: that was recorded, or begins to be.
        diagnosis: of its training, if there is one.
    """

    def __init__(self, run: Run, diagnosis: Diagnosis | None = None):
        self._run = run
        self._diagnosis = diagnosis
        self._stations = Stations(run)
        self._listener = Recorder(every=1)
        self._notes: list[str] = []

    def tell(self) -> dict[str, Any]:
        """All that is known by now."""
        self._notes = []
        run, model, row = self._run, self._try(lambda: self._run.model), self._try(self._row)
        recorder, ledger = self._recorder(), self._ledger()
        marks = [] if self._diagnosis is None else list(marked(self._diagnosis))
        known = recorder.steps if recorder is not None else run.steps
        most = recording.POINTS if recorder is None else recording.room(recorder)
        wanted = [*run.checkpoints, *(mark["step"] for mark in marks)]
        places = recording.thinned(known, most, recording.FIRST, wanted)
        steps = [known[place] for place in places]
        document: dict[str, Any] = {
            "colors": COLORS,
            "facts": dict(facts(run, model)),
            "course": course(run),
            "steps": packed(whole(steps)),
            "marks": marks,
        }
        if len(steps) < len(known):
            document["facts"]["steps shown"] = f"{len(steps):,}"
        if model is not None:
            document["tiles"] = tiles(model.graph)
            document["caches"] = {} if row is None else caches(model.forward(*row, training=True))
            document["images"] = self._stations.images(row)
        if model is not None and recorder is not None:
            document["statistics"] = STATISTICS
            document["tracks"] = recording.tracks(recorder, places)
            document["health"] = health(recorder, model.graph, places)
            document["looks"] = recording.looks(recorder.looks)
        if ledger is not None:
            document["ledger"] = recording.booked(ledger, steps)
        document["notes"] = list(dict.fromkeys(self._notes))
        found: dict[str, Any] = plain(document)
        return found

    def _try(self, read: Callable[[], T]) -> T | None:
        """What can be read; where it cannot, None and a note that says why."""
        try:
            return read()
        except UnknownNameError:
            raise
        except NNError as error:
            self._notes.append(str(error))
            return None

    def _row(self) -> Sequence[Array]:
        """The first row of the data."""
        return tuple(x[:1] for x in self._run.rows.inputs)

    def _recorder(self) -> Recorder | None:
        """What a recorder saw; where none listened, what this one sees of steps taken again."""
        try:
            return self._try(lambda: self._run.recall(Recorder()))
        except UnknownNameError:
            return self._try(self._listen)

    def _listen(self) -> Recorder:
        """Record the steps at the checkpoints."""
        run, taken = self._run, set(self._run.steps)
        for step in run.checkpoints:
            if step in taken and step not in self._listener.steps:
                self._listener.record(run.step(step))
        self._notes.append(NOBODY)
        return self._listener

    def _ledger(self) -> Ledger | None:
        """What a ledger booked."""
        try:
            return self._try(lambda: self._run.recall(Ledger()))
        except UnknownNameError:
            self._notes.append(UNBOOKED)
            return None


def facts(run: Run, model: Model | None) -> Iterator[tuple[str, str]]:
    """What stands at the top."""
    yield "steps", f"{len(run.steps):,}"
    yield "epochs", str(len(run.epoch_ends))
    for name, values in run.history.items():
        yield name, f"{values[-1]:.4g}" if isinstance(values[-1], float) else str(values[-1])
    if model is not None:
        parts = model.compiled
        yield "parameters", f"{sum(value.size for value in model.params.values()):,}"
        yield (
            "optimizer",
            f"{type(parts.optimizer).__name__}, learning rate {model.learning_rate:g}",
        )
        yield "loss function", ", ".join(type(term.loss).__name__ for term in parts.objective.terms)
        yield "computed by", f"{model.backend.name}, {model.dtype}"


def course(run: Run) -> dict[str, Any]:
    """Loss and metrics, of steps and of epochs."""
    places = recording.thinned(run.steps, recording.COURSE, recording.FIRST)

    def chosen(values: Sequence[float]) -> dict[str, Any]:
        return packed(single([values[place] for place in places]))

    return {
        "steps": packed(whole([run.steps[place] for place in places])),
        "loss": chosen(run.loss),
        "metrics": {name: chosen(values) for name, values in run.metrics.items()},
        "epochs": {"steps": run.epoch_ends, "logs": run.history},
    }


def marked(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    """The findings of a doctor, each at the first step that shows it; None: at none of them."""
    for finding in diagnosis.findings:
        steps = [own.step for own in finding.evidence if own.step is not None]
        yield {**finding.to_dict(), "step": min(steps, default=None)}
