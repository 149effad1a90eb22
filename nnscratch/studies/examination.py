"""A variant of a study under a doctor's eyes, and what is said of it in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

import nnscratch as nn
from nnscratch.core.table import wrapped
from nnscratch.studies.progress import Progress
from nnscratch.studies.study import Setting, Study, Variant
from nnscratch.training.atomic import replacing


def examine(
    variant: Variant,
    setting: Setting,
    progress: Progress,
    budget: float | None = None,
    watchers: Sequence[nn.Callback] = (),
) -> nn.Diagnosis:
    """Run a variant, say what ails its network, and try what would heal it.

    Ctrl-C ends the training or the trials; the diagnosis tells what was seen until then.

    Args:
        variant: what to run.
        setting: how.
        progress: sees how far it is.
        budget: seconds that trying fixes may take; None for as many as the training took.
        watchers: who else listens to the training.
    """
    doctor = nn.Doctor()
    progress.begin(variant.name)
    try:
        variant.run(replace(setting, moved=progress.move, watchers=(doctor, *watchers)))
    except KeyboardInterrupt:
        if not doctor.knows:
            raise
        return doctor.diagnosis
    return doctor.verify(budget)


def show(console: Console, study: Study, variant: Variant, diagnosis: nn.Diagnosis) -> None:
    """Print what was trained, and the cards."""
    name = f"{study.name}, {variant.name}"
    text = Text("\n".join([*wrapped(f"{name}: {variant.change}"), "", ""]))
    text.stylize("bold", 0, len(name))
    cards = Text(str(diagnosis))
    cards.highlight_regex(r"(?m)^(\d+\. .*|nothing found.*)", "bold")
    cards.highlight_regex(r"(?m)^ {3}[a-z]+:", "cyan")
    console.print(text + cards, soft_wrap=True)


def write(console: Console, contents: Mapping[Path, str]) -> None:
    """Write files, each whole or not at all, and say where they are.

    Raises:
        OSError: a file cannot be written.
    """
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(content.encode())
        console.print(f"\nWrote {path}", highlight=False, soft_wrap=True)
