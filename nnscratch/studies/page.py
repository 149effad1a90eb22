"""A study's report page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from nnscratch.core.table import Table
from nnscratch.inspect import report
from nnscratch.machine import machine
from nnscratch.studies.findings import NO_FIGURES, Findings, number
from nnscratch.studies.study import Claim

Pictures = Mapping[str, tuple[bytes, str]]
"""PNG and caption by name."""


def render(findings: Findings, pictures: Pictures) -> str:
    """The page of a run: question, answer, claims, advice, figures, variants, how to rerun."""
    study = findings.study
    held = sum(claim.holds for claim in findings.claims)
    answer = "".join(map(report.paragraph, study.answer(findings.results).split("\n\n")))
    return report.page(
        f"nnscratch study: {study.name}",
        f"<header><h1>{escape(study.name)}</h1>",
        report.paragraph(study.title, "soft"),
        "</header>",
        report.section(
            "The question",
            f"<blockquote>{report.paragraph(study.question)}</blockquote>",
            report.paragraph(f"Source: {study.source}", "soft"),
        ),
        report.section("The answer", f'<div class="answer">{answer}</div>'),
        report.section(
            "Claims",
            report.paragraph(f"{held} of {len(findings.claims)} hold."),
            claims_table(findings),
        ),
        report.section("Advice, tested", advice(findings)),
        report.section("Figures", *figures(pictures)),
        *(report.section(table.title, *numbers(table)) for table in study.tables(findings.results)),
        report.section(
            "What was measured",
            variants_table(findings),
            report.paragraph(
                "All measurements of all variants, and whatever stands on this page, are in "
                "findings.json.",
                "soft",
            ),
        ),
        report.section("Run it again", rerun(findings)),
    )


def claims_table(findings: Findings) -> str:
    """A row for each claim."""

    def row(claim: Claim) -> list[str]:
        verdict = '<span class="good">yes</span>' if claim.holds else '<span class="bad">NO</span>'
        measured, expected = number(claim.measured), claim.expected
        return [escape(claim.claim), escape(measured), escape(expected), verdict]

    headings = ("claim", "measured", "expected", "holds")
    return report.table(headings, map(row, findings.claims), numbers=(1, 2))


def advice(findings: Findings) -> str:
    """The answers that the asker got, each with its verdict."""
    items = (
        f"<dt>{escape(item.answer)}</dt>"
        f"<dd><strong>{escape(item.verdict)}:</strong> {escape(item.why)}</dd>"
        for item in findings.study.advice(findings.results)
    )
    return f"<dl>{''.join(items)}</dl>"


def figures(pictures: Pictures) -> list[str]:
    """The figures, or what to do to get them."""
    if not pictures:
        return [report.paragraph(NO_FIGURES)]
    return [report.figure(png, caption) for png, caption in pictures.values()]


def numbers(table: Table) -> list[str]:
    """A table of the study's own, and the notes below it."""
    right = [n for n in range(len(table.headings)) if n not in table.words]
    rows = ([escape(cell) for cell in row] for row in table.rows)
    notes = (report.paragraph(note, "soft") for note in table.notes)
    return [report.table(table.headings, rows, right), *notes]


def variants_table(findings: Findings) -> str:
    """A row for each variant."""
    study = findings.study
    rows = (
        [
            linked(variant.name, findings.pages.get(variant.name)),
            escape(variant.change),
            *(escape(cell(findings.results[variant.name])) for cell in study.columns.values()),
        ]
        for variant in study.variants
    )
    headings = ("variant", "what it is", *study.columns)
    return report.table(headings, rows, numbers=range(2, len(headings)))


def linked(name: str, target: str | None) -> str:
    """A variant's name, which leads to the page of its training where there is one."""
    return escape(name) if target is None else f'<a href="{quote(target)}">{escape(name)}</a>'


def rerun(findings: Findings) -> str:
    """The command line, and what this page's numbers were measured on."""
    setting = findings.setting
    command = (
        f"nnscratch study {findings.study.name} --backend {setting.backend} "
        f"--seed {setting.seed} --scale {setting.scale}" + " --pages" * bool(findings.pages)
    )
    facts = " · ".join(f"{name} {value}" for name, value in machine().items())
    return f"<pre>{escape(command)}</pre>\n{report.paragraph(facts, 'soft')}"
