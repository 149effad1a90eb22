"""Runs studies: measure every variant, decide the claims, write everything down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnscratch import plots
from nnscratch.studies import page, pages, unfinished
from nnscratch.studies.findings import Findings
from nnscratch.studies.progress import Progress, Silent
from nnscratch.studies.study import Measurements, Setting, Study
from nnscratch.training.atomic import replacing

PAGES = "pages"
"""The folder of the variants' pages, in that of the study."""


def run(
    study: Study,
    setting: Setting,
    progress: Progress | None = None,
    folder: Path | None = None,
    pages_in: Path | None = None,
) -> Findings:
    """Measure a study's variants and decide its claims.

    Args:
        study: the study.
        setting: backend, seed and scale.
        progress: sees how far it is.
        folder: keeps what is measured, so that a study that was interrupted goes on where it
            was; None: nothing is written.
        pages_in: the folder of the study, where every variant's training gets a page; nothing is
            kept of one that was interrupted. None: no pages.

    Raises:
        NNError: the folder holds something else; or Plotly is not installed, which draws pages.
    """
    progress = progress or Silent()
    setting = replace(setting, moved=progress.move)
    results: dict[str, Measurements] = {}
    written: dict[str, str] = {}
    for number, variant in enumerate(study.variants):
        progress.begin(variant.name)
        if pages_in is not None:
            name = f"{PAGES}/{pages.file_name(number, variant)}"
            results[variant.name], has_page = pages.measure(
                study, variant, setting, pages_in / name
            )
            written |= {variant.name: name} if has_page else {}
        elif folder is None:
            results[variant.name] = variant.run(setting)
        else:
            results[variant.name] = unfinished.measure(variant, setting, folder / f"{number:02}")
    return Findings(study, setting, results, study.claims(results), written)


def write(findings: Findings, folder: Path) -> list[Path]:
    """Write findings.json, report.html and, where matplotlib is installed, the figures.

    Everything is made before the first byte is written, and each file appears whole or not at all.

    Returns:
        The files, findings.json last: where it stands, the others do too.

    Raises:
        OSError: a file cannot be written.
    """
    pictures = {}
    if plots.available():
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
