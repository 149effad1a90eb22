"""Runs studies: measure every variant, decide the claims, write everything down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nnscratch.inspect import figures
from nnscratch.studies import page
from nnscratch.studies.findings import Findings
from nnscratch.studies.study import Measurements, Setting, Study
from nnscratch.training.atomic import replacing

Advance = Callable[[str], None]
"""Told the name of each variant before it is run."""


def run(study: Study, setting: Setting, advance: Advance = lambda variant: None) -> Findings:
    """Measure a study's variants and decide its claims; nothing is written."""
    results: dict[str, Measurements] = {}
    for variant in study.variants:
        advance(variant.name)
        results[variant.name] = variant.run(setting)
    return Findings(study, setting, results, study.claims(results))


def write(findings: Findings, folder: Path) -> list[Path]:
    """Write findings.json, report.html and, where matplotlib is installed, the figures.

    Everything is made before the first byte is written, and each file appears whole or not at all.

    Returns:
        The files, findings.json last: where it stands, the others do too.

    Raises:
        OSError: a file cannot be written.
    """
    pictures = {}
    if figures.available():
        drawn = findings.study.figures(findings.results)
        pictures = {figure.name: (figure.draw(), figure.caption) for figure in drawn}
    contents = {f"{name}.png": png for name, (png, _) in pictures.items()}
    contents["report.html"] = page.render(findings, pictures).encode()
    contents["findings.json"] = findings.as_json().encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        with replacing(folder / name) as file:
            file.write(content)
    return [folder / name for name in contents]


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator[Advance]:
    """A bar that shows which variant is running; nothing where there is no terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(title, total=total)
        started = 0

        def advance(variant: str) -> None:
            nonlocal started
            bar.update(task, completed=started, description=f"{title}: {variant}")
            started += 1

        yield advance
