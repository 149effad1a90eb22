"""Direct convolution of few filters: the outputs of several pixels share a vector.

A pixel of six filters leaves ten of sixteen lanes empty. Two pixels side by side are one pixel of
twelve filters, in the same memory, whose window is as wide as theirs together and moves by two
strides at once. With s the stride along a row, m the pixels and r = 0 ... m - 1 which of them,

    wide[i, r * s + j, c, r, o] = kernel[i, j, c, o],    0 elsewhere

and wide's gradient holds that of the kernel m times over, each from some of the pixels. Of KW cells
in a row there are KW + (m - 1) s to multiply by, for m pixels at once: of 5 x 5, six for two pixels
that were five for each.

Sums are plain sums with zeros between, with errors as in `direct.py`. A NaN or an infinity of the
image reaches up to m - 1 outputs beside those that read it, so that this is not for `exact`.

The image's gradient, at stride 1, is the convolution of the upstream gradient by the kernel turned
round, each of its pads what is missing to KH - 1 or KW - 1.
"""

from __future__ import annotations

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array, into
from ..finish import NOTHING, Finish, finish_all
from ..microkernel.target import TARGET
from . import direct, direct_gradient


def pixels(window: Window, columns: int, channels: int, filters: int, itemsize: int) -> int:
    """How many of the columns of outputs are to share a vector, of one channel two; 1: none.

    Of one channel sums are so short that to begin them takes longest. With two vectors, or three,
    of more channels it takes 0.9 to 1.5 times as long as without.
    """
    if window.dilation[1] > 1 or window.size[1] <= window.strides[1]:
        return 1  # a wider window would read as much for each pixel
    vectors = 2 if channels == 1 else 1
    most = vectors * TARGET.lanes(itemsize) // max(filters, 1)
    return next((m for m in range(most, 1, -1) if columns % m == 0), 1)


def fits(window: Window, groups: int) -> bool:
    """Whether there is one group, and the image's gradient at stride 1 needs no negative pads."""
    return groups == 1 and min(turned(window).pads[0] + turned(window).pads[1]) >= 0


def widened(window: Window, m: int) -> Window:
    """The window of so many pixels side by side."""
    (height, width), (down, along) = window.size, window.strides
    return window._replace(size=(height, width + (m - 1) * along), strides=(down, m * along))


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`; there is one group."""
    filters, image = kernel.shape[3], (x.shape[1], x.shape[2])
    rows, columns = window.output_size(image)
    height, width, channels, _ = kernel.shape
    m, stride = pixels(window, columns, channels, filters, x.itemsize), window.strides[1]
    wide = np.zeros((height, width + (m - 1) * stride, channels, m, filters), kernel.dtype)
    for r in range(m):
        wide[:, r * stride : r * stride + width, :, r] = kernel
    together = wide.reshape(*wide.shape[:3], m * filters)
    y = direct.conv2d(x, together, widened(window, m), groups, NOTHING[x.itemsize])
    apart: Array = y.reshape(len(x), rows, columns, filters)
    finish_all(apart, finish)
    return apart


def turned(window: Window) -> Window:
    """Of the upstream gradients, those that a pixel of the image receives at stride 1."""
    pads = [
        ((size - 1) * apart - before, (size - 1) * apart - after)
        for size, apart, (before, after) in zip(
            window.size, window.dilation, window.pads, strict=True
        )
    ]
    return window._replace(pads=(pads[0], pads[1]))


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`; there is one group. Of strides it is `direct`."""
    if window.strides != (1, 1):
        return direct.conv2d_input_gradient(dy, kernel, window, groups, image)
    backward = kernel[::-1, ::-1].swapaxes(2, 3)  # (KH, KW, O, C)
    return conv2d(dy, backward, turned(window), groups, NOTHING[dy.itemsize])


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`; there is one group."""
    images, rows, columns, filters = dy.shape
    m, stride = pixels(window, columns, x.shape[3], filters, x.itemsize), window.strides[1]
    together = dy.reshape(images, rows, columns // m, m * filters)
    wide = direct_gradient.conv2d_kernel_gradient(x, together, widened(window, m), groups)
    shares = wide.reshape(*wide.shape[:3], m, filters)
    width = window.size[1]
    total = shares[:, :width, :, 0].copy()
    for r in range(1, m):
        total += shares[:, r * stride : r * stride + width, :, r]
    return into(out, total)
