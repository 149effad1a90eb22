"""The page: its HTML, and the program that shows the document which lies in it.

Charts are Plotly's, whose program lies in the page too: https://plotly.com/javascript/, MIT.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

from nnscratch.core.errors import NNError
from nnscratch.doctor import Diagnosis
from nnscratch.inspect import report
from nnscratch.viewer.packing import squeezed

PROGRAM = ("unpack", "elements", "state", "network", "charts", "spreads", "images", "call", "main")
"""Its parts, in order."""
BODY = """
<dl class="summary" id="facts"></dl>
<div id="notes"></div><p class="note" id="live" role="status"></p>
<noscript><p class="note">This page is drawn by a program: let its scripts run.</p></noscript>
<div class="bar" id="bar" role="group" aria-label="step">
<button type="button" id="back" aria-label="one step back">&#9664;</button>
<input type="range" id="step" min="0" value="0" aria-label="step">
<button type="button" id="forward" aria-label="one step on">&#9654;</button>
<output for="step">step <span id="now"></span></output><span class="loss" id="loss"></span></div>
"""
CURVES = '<div class="chart" id="curves" role="img" aria-label="loss and metrics"></div>'
NETWORK = """
<p class="legend soft">
<span style="--level: var(--well)">nothing to see</span>
<span style="--level: var(--doubtful)">doubtful</span>
<span style="--level: var(--ill)">ill</span>
<span style="--level: var(--unknown)">not recorded</span></p>
<div class="split"><div class="graph"><svg id="lines" aria-hidden="true"></svg>
<div class="rows" id="rows"></div></div>
<div id="panel"><section class="call" id="call" aria-labelledby="call-name">
<div id="call-head"></div><p id="call-sign"></p><div id="numbers"></div>
<div class="chart" id="courses" role="img" aria-label="its courses over the steps"></div>
<div id="spread-part"><h4><label for="quantity">How the entries are spread:</label>
<select id="quantity"></select></h4>
<div class="chart" id="spread" role="img" aria-label="histograms over the steps"></div>
<p class="soft" id="spread-none">Nothing finite was seen.</p>
<p class="soft">Lighter: more entries, on a logarithmic scale; beside it those of one step.</p>
</div>
<div id="albums"></div><div id="call-foot"></div></section></div></div>
"""
LEDGER = """
<p class="soft">The sums of gradient times change, parameter by parameter: negative where it made
the loss of its batch fall.</p>
<div class="chart" id="ledger" role="img" aria-label="the ledger as bars"></div>
<p id="ledger-sum"></p>
"""


class ReportError(NNError):
    """A report that cannot be made: there is nothing to draw it with."""


def page(name: str, document: Mapping[str, Any], diagnosis: Diagnosis | None = None) -> str:
    """A page that stands alone.

    Args:
        name: of the run.
        document: what it tells.
        diagnosis: its cards stand under the curves.

    Raises:
        ReportError: Plotly is not installed.
    """
    return _page(name, diagnosis, f">{squeezed(json.dumps(document, allow_nan=False))}")


def live_page(name: str, diagnosis: Diagnosis | None = None) -> str:
    """A page that asks where it came from for its document, again and again.

    Raises:
        ReportError: Plotly is not installed.
    """
    return _page(name, diagnosis, " data-live>", connect="'self'")


def _page(name: str, diagnosis: Diagnosis | None, document: str, connect: str = "'none'") -> str:
    cards = [] if diagnosis is None else [diagnosis._repr_html_()]
    return report.page(
        f"nnscratch report: {name}",
        f"<style>{text('page.css')}</style>",
        f"<header><h1>{escape(name)}</h1></header>{BODY}",
        '<div id="course">' + report.section("Loss and metrics", CURVES, *cards) + "</div>",
        '<div id="network">' + report.section("The network", NETWORK) + "</div>",
        '<div id="earned">' + report.section("Who earned the fall of the loss", LEDGER) + "</div>",
        f'<script type="text/plain" id="plotly">{squeezed(plotly())}</script>',
        f'<script type="text/plain" id="document"{document}</script>',
        f'<script>(() => {{\n"use strict";\n{program()}}})();</script>',
        scripts=True,
        connect=connect,
    )


def program() -> str:
    """What draws the page."""
    return "\n".join(text(f"{part}.js") for part in PROGRAM)


def text(name: str) -> str:
    """A file of this folder."""
    return (resources.files(__package__) / name).read_text("utf-8")


def plotly() -> str:
    """Plotly's program.

    Raises:
        ReportError: it is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise ReportError("report: Plotly is not installed; pip install 'nnscratch[report]'")
    from plotly.offline import get_plotlyjs

    found: str = get_plotlyjs()
    return found
