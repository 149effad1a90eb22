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
UNSEEN = "No Recorder listens to this training: nn.Recorder() shows what the calls do."
UNBOOKED = "No Ledger listened to this training: nn.Ledger() tells what made the loss fall."


class Narrator:
    """Tells of a run; of one that grows again and again, looking at nothing twice.

    Args:
        diagnosis: of its training, if there is one.
        recorder, ledger: what saw it; None takes those that the run had.
        replay: whether steps are taken again where no recorder listened.
    """

    def __init__(
        self,
        diagnosis: Diagnosis | None = None,
        recorder: Recorder | None = None,
        ledger: Ledger | None = None,
        replay: bool = True,
    ):
        self._given = recorder, ledger
        self._marks = [] if diagnosis is None else list(marked(diagnosis))
        self._replay = replay
        self._stations = Stations()
        self._listener = Recorder(every=1)
        self._row: Sequence[Array] | None = None
        self._notes: list[str] = []

    def tell(self, run: Run) -> dict[str, Any]:
        """All that is known of it by now."""
        return {**news(run), **self.view(run)}

    def view(self, run: Run) -> dict[str, Any]:
        """What is known at its newest checkpoint."""
        self._notes = []
        model, row = self._try(lambda: run.model), self._try(lambda: self._first_row(run))
        recorder, ledger = self._recorder(run), self._ledger(run)
        known = run.steps if recorder is None else recorder.steps
        most = recording.POINTS if recorder is None else recording.room(recorder)
        wanted = [*run.checkpoints, *(mark["step"] for mark in self._marks)]
        places = recording.thinned(known, most, recording.FIRST, wanted)
        steps = [known[place] for place in places]
        view: dict[str, Any] = {
            "colors": COLORS,
            "marks": self._marks,
            "steps": packed(whole(steps)),
            "made": {"steps shown": f"{len(steps):,}"} if len(steps) < len(known) else {},
        }
        if model is not None:
            view["made"] |= dict(made(model))
            view["tiles"] = tiles(model.graph)
            view["caches"] = {} if row is None else caches(model.forward(*row, training=True))
            view["images"] = self._stations.images(run, row)
        if model is not None and recorder is not None:
            view["statistics"] = STATISTICS
            view["tracks"] = recording.tracks(recorder, places)
            view["health"] = health(recorder, model.graph, places)
            view["looks"] = recording.looks(recorder.looks)
        if ledger is not None:
            view["ledger"] = recording.booked(ledger, steps)
        view["notes"] = list(dict.fromkeys(self._notes))
        found: dict[str, Any] = plain(view)
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

    def _first_row(self, run: Run) -> Sequence[Array]:
        """The first row of the data, which stay the same."""
        if self._row is None:
            self._row = tuple(x[:1] for x in run.rows.inputs)
        return self._row

    def _recorder(self, run: Run) -> Recorder | None:
        """What a recorder saw; where none listened, what this one sees of steps taken again."""
        given, _ = self._given
        try:
            return given or self._try(lambda: run.recall(Recorder()))
        except UnknownNameError:
            if self._replay:
                return self._try(lambda: self._listen(run))
            self._notes.append(UNSEEN)
            return None

    def _listen(self, run: Run) -> Recorder:
        """Record the steps at the checkpoints."""
        taken = set(run.steps)
        for step in run.checkpoints:
            if step in taken and step not in self._listener.steps:
                self._listener.record(run.step(step))
        self._notes.append(NOBODY)
        return self._listener

    def _ledger(self, run: Run) -> Ledger | None:
        """What a ledger booked."""
        _, given = self._given
        try:
            return given or self._try(lambda: run.recall(Ledger()))
        except UnknownNameError:
            self._notes.append(UNBOOKED)
            return None


def made(model: Model) -> Iterator[tuple[str, str]]:
    """What was trained, and how."""
    parts, rate = model.compiled, f"learning rate {model.learning_rate:g}"
    yield "parameters", f"{sum(value.size for value in model.params.values()):,}"
    yield "optimizer", f"{type(parts.optimizer).__name__}, {rate}"
    yield "loss function", ", ".join(type(term.loss).__name__ for term in parts.objective.terms)
    yield "computed by", f"{model.backend.name}, {model.dtype}"


def news(run: Run) -> dict[str, Any]:
    """What is known of every step that was taken."""
    latest = {name: shown(values[-1]) for name, values in run.history.items()}
    counts = {"steps": f"{len(run.steps):,}", "epochs": str(len(run.epoch_ends))}
    found: dict[str, Any] = plain({"facts": counts | latest, "course": course(run)})
    return found


def shown(value: Any) -> str:
    """What an epoch has logged."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
