"""The interactive report of a run: `nn.report(run)`, `nnscratch report FOLDER`.

* ``document``   what is told of a run, in terms of JSON;
* ``network``    its calls as tiles; ``health``, how they fare; ``recording``, the courses and
                 histograms; ``images``, its kernels and feature maps;
* ``packing``    how arrays and texts are carried;
* ``page``       the page, and the program in it, whose parts are the files ``*.js``;
* ``writing``    `nn.report`; ``server``, the same page while training goes on.
"""

from nnscratch.viewer.page import ReportError
from nnscratch.viewer.writing import report

__all__ = ["ReportError", "report"]
