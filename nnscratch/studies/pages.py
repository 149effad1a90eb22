"""Pages of a study's trainings: who listens to one, so that a page can show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nnscratch as nn
from nnscratch.studies.study import Measurements, Setting, Study, Variant
from nnscratch.viewer.page import plotly

EVERY, KEPT = 25, 12
"""How often the recorder looks closer and a checkpoint is taken, in steps; how many are shown."""


class Witnesses(NamedTuple):
    """Who listens to a training."""

    recorder: nn.Recorder
    ledger: nn.Ledger
    run: nn.Run

    def write(self, file: Path, diagnosis: nn.Diagnosis | None = None) -> bool:
        """Write the page of what they saw; returns whether they saw a step."""
        if not self.recorder.steps:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        recorder, ledger, run = self
        nn.report(run, file, diagnosis=diagnosis, recorder=recorder, ledger=ledger)
        return True


@contextmanager
def witnesses(study: Study, variant: Variant) -> Iterator[Witnesses]:
    """Witnesses of a variant's training, who remember it as long as the block lasts.

    Raises:
        ReportError: Plotly is not installed, which draws pages.
    """
    plotly()  # before the training, not after it
    name = f"{study.name}, {variant.name}".replace("/", " ")
    with TemporaryDirectory() as folder:
        run = nn.Run(Path(folder, name), every=EVERY, keep=KEPT)
        yield Witnesses(nn.Recorder(every=EVERY), nn.Ledger(gradients=1), run)


def measure(
    study: Study, variant: Variant, setting: Setting, file: Path
) -> tuple[Measurements, bool]:
    """Run a variant, and write the page of its training.

    Returns:
        What it measures, and whether there is a page: it need not train.
    """
    with witnesses(study, variant) as seen:
        measured = variant.run(replace(setting, watchers=(*setting.watchers, *seen)))
        return measured, seen.write(file)


def file_name(number: int, variant: Variant) -> str:
    """Of the page of a study's variant, by its number."""
    words = re.findall(r"\w+", variant.name.lower())
    return "-".join([f"{number:02}", *words]) + ".html"
