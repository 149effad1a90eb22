from __future__ import annotations

from html.parser import HTMLParser

import pytest

from nnscratch.core.table import Table

TABLE = Table(
    "what it shows",
    ("name", "kind", "number"),
    [("a", "word", "1"), ("  b", "w", "-1.5"), ("<c>", "", "")],
    notes=["one & all"],
    words=(0, 1),
)


class Cells(HTMLParser):
    """The texts of a table, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_words_stand_left_and_numbers_right() -> None:
    assert str(TABLE).splitlines() == [
        "what it shows",
        "",
        "name  kind  number",
        "------------------",
        "a     word       1",
        "  b   w       -1.5",
        "<c>",
        "",
        "one & all",
    ]


@pytest.mark.parametrize("length", [60, 66, 67, 120])
def test_a_long_name_has_a_line_of_its_own_where_it_does_not_fit(length: int) -> None:
    lines = str(Table("title", ("name", "number"), [("n" * length, "1"), ("m", "2")])).splitlines()
    fits = length + 2 + len("number") <= 80
    assert lines[4] == ("n" * length + " " * 7 + "1" if fits else "n" * length)
    assert max(len(line) for line in lines if "n" * length not in line) <= 80
    assert lines[-1].endswith("2")


def test_title_and_notes_are_wrapped() -> None:
    table = Table("word " * 30, ("name",), [], notes=["half-hearted " * 12])
    assert max(map(len, str(table).splitlines())) <= 80
    assert str(table).count("half-hearted") == 12


def test_a_notebook_shows_the_same_cells_in_its_own_colours() -> None:
    html = TABLE._repr_html_()
    head, *body, foot = Cells(html).rows
    assert head == list(TABLE.headings)
    assert body == [list(row) for row in TABLE.rows]
    assert foot == list(TABLE.notes)
    assert "what it shows</caption>" in html
    assert "#" not in html  # no colour of its own, which one of light and dark would swallow
    assert "white-space: pre" in html  # so that what is indented stays so
    assert html.startswith('<div style="overflow-x: auto">')
    assert html.endswith("</div>")


def test_no_notes_no_foot() -> None:
    assert "tfoot" not in Table("t", ("name",), [("a",)])._repr_html_()
