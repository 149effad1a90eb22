"""A diagnosis as HTML: a page that stands alone, and the same for a notebook.

Colours are those of what is around: of the page, in its light or dark scheme, or of the notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nnscratch.doctor.card import at, seen, verdict_of
from nnscratch.doctor.causes import CAUSES
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.outcome import Outcome, counted
from nnscratch.doctor.trials import Trials
from nnscratch.inspect import report

STYLE = """
.diagnosis { --edge: color-mix(in srgb, currentColor 22%, transparent);
  --wash: color-mix(in srgb, currentColor 5%, transparent); max-width: 48rem; }
.diagnosis .card { border: 1px solid var(--edge); border-left: 5px solid var(--edge);
  border-radius: 8px; padding: .2rem 1.1rem 1rem; margin: 1.2rem 0; overflow-wrap: anywhere; }
.diagnosis .card.certain { border-left-color: #d3382c; }
.diagnosis .card.likely { border-left-color: #d98a1f; }
.diagnosis .card.well { border-left-color: #2e9e63; }
.diagnosis h2 { font-size: 1.15rem; margin: .8rem 0 .1rem; }
.diagnosis .badge { font-size: .8rem; font-weight: 600; border: 1px solid var(--edge);
  border-radius: 99px; padding: .1rem .6rem; margin-left: .5rem; white-space: nowrap; }
.diagnosis .meaning { margin: .1rem 0 .8rem; opacity: .8; }
.diagnosis dl { display: grid; grid-template-columns: 5.5rem 1fr; gap: .45rem .8rem; margin: 0; }
.diagnosis dt { font-weight: 600; margin: 0; opacity: .7; }
.diagnosis dd { margin: 0; min-width: 0; max-width: none; }
.diagnosis dd p { margin: 0 0 .3rem; }
.diagnosis .fix { background: var(--wash); border-radius: 6px; padding: .4rem .7rem; }
.diagnosis details { margin-top: .9rem; }
.diagnosis summary { cursor: pointer; font-weight: 600; }
.diagnosis details .card { margin: .8rem 0 0; }
@media (max-width: 34rem) { .diagnosis dl { display: block; }
  .diagnosis dd { margin: .1rem 0 .7rem; } .diagnosis .card { padding: .1rem .8rem .8rem; } }
"""


def page(
    outcome: Outcome, findings: Sequence[Finding], checked: Sequence[str], trials: Trials | None
) -> str:
    """A whole document."""
    heading = f"<header><h1>{escape(title(findings))}</h1></header>"
    return report.page("nnscratch doctor", heading, fragment(outcome, findings, checked, trials))


def title(findings: Sequence[Finding]) -> str:
    """The diagnosis in a word or two."""
    return f"{counted(len(findings), 'cause')} found" if findings else "Nothing found"


def fragment(
    outcome: Outcome, findings: Sequence[Finding], checked: Sequence[str], trials: Trials | None
) -> str:
    """The cards, with a style of their own."""
    lines = "".join(map(report.paragraph, str(outcome).splitlines()))
    cards = [card(finding) for finding in findings] or [well(outcome)]
    cost = "" if trials is None else report.paragraph(str(trials), "soft")
    looked = report.paragraph(", ".join(checked), "soft")
    return (
        f'<style>{STYLE}</style>\n<div class="diagnosis">\n{lines}\n'
        + "\n".join(cards)
        + cost
        + f"\n<details><summary>{len(checked)} causes were looked for</summary>{looked}</details>"
        + "\n</div>"
    )


def well(outcome: Outcome) -> str:
    """The card of a training that nothing was found in."""
    kind = Certainty.possible.name if not outcome.learned else "well"
    return f'<section class="card {kind}"><h2>{escape(verdict_of(outcome, ()))}</h2></section>'


def card(finding: Finding) -> str:
    """A finding; its consequences are folded under it."""
    certainty = finding.certainty.name
    return (
        f'<section class="card {certainty}">\n'
        f'<h2>{escape(finding.cause)}<span class="badge">{certainty}</span></h2>\n'
        f'<p class="meaning">{escape(CAUSES[finding.cause].meaning)}</p>\n'
        f"<dl>{''.join(entries(finding))}</dl>\n{consequences(finding)}</section>"
    )


def entries(finding: Finding) -> list[str]:
    """The named paragraphs of a card."""
    places = ", ".join(f"<code>{escape(place)}</code>" for place in finding.where)
    shown = "".join(f"<p>{escape(seen(evidence))}</p>" for evidence in finding.evidence)
    fix = f'<div class="fix">{escape(finding.fix)}</div>'
    pairs = {"where": places, "seen": shown, "why": escape(finding.why), "fix": fix}
    if finding.trial is not None:
        pairs[finding.trial.verdict] = escape(str(finding.trial))
    return [f"<dt>{name}</dt><dd>{piece}</dd>" for name, piece in pairs.items()]


def consequences(finding: Finding) -> str:
    """What follows from a finding, folded."""
    if not finding.consequences:
        return ""
    listed = "; ".join(at(consequence) for consequence in finding.consequences)
    cards = "\n".join(card(consequence) for consequence in finding.consequences)
    return f"<details><summary>from it follows: {escape(listed)}</summary>\n{cards}</details>\n"
