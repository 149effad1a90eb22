"""The figure itself, which notebooks show. Imports matplotlib."""

from __future__ import annotations

from matplotlib.figure import Figure

from nnscratch.plots.canvas import png


class NotebookFigure(Figure):
    """A matplotlib figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        return png(self)
