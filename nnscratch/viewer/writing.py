"""Writing the page of a run."""

from __future__ import annotations

import os
from pathlib import Path

from nnscratch.core.arguments import instance
from nnscratch.doctor import Diagnosis
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.recorder import Recorder
from nnscratch.runs import Run
from nnscratch.training.atomic import replacing
from nnscratch.viewer.document import Narrator
from nnscratch.viewer.page import page, plotly

FILE = "report.html"


def report(
    run: Run,
    file: str | os.PathLike[str] | None = None,
    *,
    diagnosis: Diagnosis | None = None,
    recorder: Recorder | None = None,
    ledger: Ledger | None = None,
) -> Path:
    """Write a page that shows a run: its course, its network and every call, step by step.

        nn.report(nn.Run.open("runs/digits"))

    The page stands alone, and loads nothing from elsewhere. What it shows of calls and weights a
    Recorder must have seen, and what it shows of a ledger a Ledger: give them to `fit` beside the
    run. Feature maps need the run's data, see `Run.open`. The page says what is missing.

    Args:
        run: that was recorded.
        file: where to write it; None for report.html in the folder of the run.
        diagnosis: what a doctor found in this training: it is marked on the curves.
        recorder, ledger: what saw this training; None takes those that the run had. They are
            needed where it had several.

    Returns:
        The file.

    Raises:
        ArgumentError: an argument that is none.
        RunError: nothing is recorded.
        ReportError: Plotly is not installed.
        OSError: the file cannot be written.
    """
    instance("report run", run, Run, "a run: nn.Run.open('runs/digits')")
    if diagnosis is not None:
        instance("report diagnosis", diagnosis, Diagnosis, "a diagnosis: doctor.diagnosis")
    if recorder is not None:
        instance("report recorder", recorder, Recorder, "an nn.Recorder that listened to the run")
    if ledger is not None:
        instance("report ledger", ledger, Ledger, "an nn.Ledger that listened to the run")
    plotly()  # before the work, not after it
    target = run.folder / FILE if file is None else Path(file)
    narrator = Narrator(diagnosis, recorder, ledger)
    html = page(run.folder.resolve().name, narrator.tell(run), diagnosis)
    with replacing(target) as opened:
        opened.write(html.encode())
    return target
