"""Table: rows of text under a title, for terminals of 80 columns and for notebooks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 80
GAP = 2
BOX = "overflow-x: auto"
TABLE = "color: inherit; text-align: right; font-variant-numeric: tabular-nums"
PADDING = 4
"""Pixels around a cell where the page has no rule of its own."""
CAPTION = "caption-side: top; text-align: left; color: inherit; font-weight: 600"
WORDS = "text-align: left; white-space: pre"
NOTE = "text-align: left; white-space: normal; opacity: 0.75"


@dataclass(frozen=True)
class Table:
    """What many values of nnscratch show of themselves; `str` and notebooks show it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    """A cell for each heading. An indented first cell belongs to the row above it."""
    notes: Sequence[str] = ()
    """Sentences below."""
    words: Sequence[int] = (0,)
    """The columns of words, set flush left; the others hold numbers, set flush right."""

    def __str__(self) -> str:
        """The table at 80 columns; what is too long for the first one has a line of its own."""
        columns = zip(self.headings, *self.rows, strict=True)
        widths = [max(map(len, column)) for column in columns]
        widths[0] = min(widths[0], WIDTH - sum(width + GAP for width in widths[1:]))
        lines = [*wrapped(self.title), "", self._line(self.headings, widths)]
        lines.append("-" * (sum(widths) + GAP * (len(widths) - 1)))
        for first, *rest in self.rows:
            if len(first) > widths[0]:
                lines.append(first)
                first = ""
            lines.append(self._line((first, *rest), widths))
        if self.notes:
            lines += ["", *(line for note in self.notes for line in wrapped(note))]
        return "\n".join(lines)

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        columns = enumerate(zip(cells, widths, strict=True))
        aligned = (f"{c:<{w}}" if i in self.words else f"{c:>{w}}" for i, (c, w) in columns)
        return (" " * GAP).join(aligned).rstrip()

    def _repr_html_(self) -> str:
        """The same for a notebook, in the colours of its theme; the last column may wrap.

        Where there is too little room it scrolls in a box of its own.
        """

        def attributes(column: int) -> str:
            wrapping = "-wrap" if column == len(self.headings) - 1 else ""
            return f' style="{WORDS}{wrapping}"' if column in self.words else ""

        cells = ([escape(cell) for cell in row] for row in self.rows)
        notes = "<br>".join(escape(note) for note in self.notes)
        foot = f'<td colspan="{len(self.headings)}" style="{NOTE}">{notes}</td>'
        return (
            f'<div style="{BOX}"><table cellpadding="{PADDING}" style="{TABLE}">'
            f'<caption style="{CAPTION}">{escape(self.title)}</caption>'
            + markup(self.headings, cells, attributes)
            + (f"<tfoot><tr>{foot}</tr></tfoot>" if notes else "")
            + "</table></div>"
        )


def wrapped(text: str) -> list[str]:
    """Lines of at most 80 characters."""
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def markup(
    headings: Sequence[str], rows: Iterable[Sequence[str]], attributes: Callable[[int], str]
) -> str:
    """Head and body of a table of HTML.

    Args:
        headings: plain text.
        rows: of cells, which are pieces of HTML: escape them.
        attributes: what stands in the tags of a column, by its number.
    """

    def line(cells: Iterable[str], tag: str) -> str:
        marked = (f"<{tag}{attributes(i)}>{cell}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(marked)}</tr>"

    head = line(map(escape, headings), "th")
    body = "\n".join(line(cells, "td") for cells in rows)
    return f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>"
