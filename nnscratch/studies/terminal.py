"""What a study says in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nnscratch import plots
from nnscratch.studies.findings import NO_FIGURES, Findings, number


def show(console: Console, runs: Sequence[Findings]) -> None:
    """Print a study's variants, its claims over all seeds, and the answer.

    Args:
        console: where to; its width is kept.
        runs: one run for each seed; variants and answer are shown for the first.
    """
    first = runs[0]
    console.print(Text(first.study.question, style="italic"))
    console.print(variants(first))
    console.print(claims(runs))
    console.print(Text("Advice, tested", style="bold"))
    for advice in first.study.advice(first.results):
        console.print(Text.assemble(("  " + advice.answer, "italic")))
        verdict = Text.assemble((advice.verdict + ": ", "bold"), advice.why)
        console.print(Padding(verdict, (0, 0, 0, 4)))
    console.print(Text("\nAnswer", style="bold"))
    console.print(Padding(first.study.answer(first.results), (0, 0, 0, 2)), highlight=False)


def variants(findings: Findings) -> Table:
    """A row for each variant."""
    title = f"Variants (seed {findings.setting.seed})"
    table = Table(
        "variant",
        *findings.study.columns,
        box=SIMPLE_HEAD,
        title=title,
        title_justify="left",
        padding=(0, 1, 0, 0),
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, measured in findings.results.items():
        table.add_row(name, *(cell(measured) for cell in findings.study.columns.values()))
    return table


def claims(runs: Sequence[Findings]) -> Table:
    """A row for each claim, with what each seed measured."""
    table = Table(
        box=SIMPLE_HEAD, title="Claims", title_justify="left", padding=(0, 1, 0, 0), expand=True
    )
    table.add_column("claim", ratio=1)
    for findings in runs:
        seed = f"seed {findings.setting.seed}"
        table.add_column(seed, justify="right", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("holds", no_wrap=True)
    for same in zip(*(findings.claims for findings in runs), strict=True):
        holds = all(claim.holds for claim in same)
        verdict = Text("yes", style="green") if holds else Text("NO", style="bold red")
        measured = (Text(number(claim.measured)) for claim in same)
        table.add_row(same[0].claim, *measured, same[0].expected, verdict)
    return table


def show_files(console: Console, files: Sequence[Path]) -> None:
    """Say where a run's files are, and how to get figures where there are none."""
    report = next(path for path in files if path.suffix == ".html")
    others = ", ".join(path.name for path in files if path != report)
    console.print(f"\nWrote {report}", highlight=False, soft_wrap=True)
    console.print(f"and beside it {others}.", highlight=False)
    if not plots.available():
        console.print(NO_FIGURES, highlight=False, markup=False)
