"""Report pages: HTML that stands alone. No script, no font, no picture is loaded from elsewhere.

The functions return pieces of HTML; text is escaped by whoever puts it into a tag, once.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from nnscratch.core.table import markup

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser lets a page do, see Content-Security-Policy."""
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5c6370; --line: #d9dce1;
  --paper: #ffffff; --tint: #f4f5f7; --good: #11683a; --bad: #b3261e; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7e9; --soft: #a3a9b4; --line: #3a3f47;
  --paper: #16181c; --tint: #202329; --good: #6fd39b; --bad: #ff8a80; --link: #8ab8f0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem; }
p { margin: .6rem 0; max-width: 46rem; }
a { color: var(--link); }
code, pre { font: .9em/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
pre { background: var(--tint); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; }
blockquote { margin: .8rem 0; padding: .1rem 1rem; border-left: 3px solid var(--line); }
.soft { color: var(--soft); font-size: .9rem; }
.answer { background: var(--tint); border-radius: 8px; padding: .4rem 1.2rem; margin: 1rem 0; }
.answer p { max-width: none; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td:first-child { min-width: 10rem; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 700; }
dt { font-weight: 600; margin-top: .9rem; } dd { margin: .1rem 0 0 0; max-width: 46rem; }
@media (max-width: 34rem) { main { padding: 1.25rem .9rem 3rem; } table { font-size: .82rem; }
  th, td { padding-right: .5rem; } td:first-child { min-width: 7rem; } }
figure { margin: 1.4rem 0; } figcaption { color: var(--soft); font-size: .92rem; max-width: 46rem; }
figure img { display: block; width: 100%; max-width: 40rem; height: auto; background: #fff;
  border-radius: 8px; border: 1px solid var(--line); padding: .5rem; margin-bottom: .5rem; }
"""


def page(title: str, *pieces: str, scripts: bool = False, connect: str = "'none'") -> str:
    """A whole document, which the browser lets load nothing.

    Args:
        title: plain text.
        pieces: of HTML.
        scripts: whether those that lie in the page run.
        connect: what they may ask, as a source of Content-Security-Policy.
    """
    policy = f"{POLICY}; connect-src {connect}" + "; script-src 'unsafe-inline'" * scripts
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(pieces)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(heading: str, *pieces: str) -> str:
    """Pieces under a heading."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n" + "\n".join(pieces) + "\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; kind "soft" is small print."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{escape(text)}</p>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> str:
    """A table that scrolls in its own box where the page is too narrow.

    Args:
        headings: one for each column.
        rows: of cells, which are pieces of HTML: escape them.
        numbers: the columns that hold numbers, and are set flush right.
    """
    right = frozenset(numbers)
    cells = markup(headings, rows, lambda column: ' class="number"' if column in right else "")
    return f'<div class="scroll"><table>\n{cells}\n</table></div>'


def figure(png: bytes, caption: str) -> str:
    """A picture, inside the page itself, and what it shows."""
    data = base64.b64encode(png).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
