"""Convolution as a matrix product.

Each output pixel is the inner product of one window of the image with one filter. `im2col` writes
every window as a row of a matrix, and the kernel, reshaped, has a filter in every column:

    columns (P, K)    P = N OH OW windows, K = KH KW C cells of a window
    weights (K, O)    the kernel (KH, KW, C, O) itself: K merges its first three axes
    y       (P, O)  = columns @ weights

The name says columns because the classic layout, NCHW, stores each window as one.

The gradients follow from the matrix product. y[p, o] = sum_k columns[p, k] weights[k, o], so

    dL/dweights[k, o]  = sum_p columns[p, k] dy[p, o]    dweights = columns^T @ dy
    dL/dcolumns[p, k]  = sum_o dy[p, o] weights[k, o]    dcolumns = dy @ weights^T

and dcolumns holds, for each window, what its cells receive from it. `col2im` adds these up over
the windows that share a cell: it is the transpose of `im2col`, which had copied the cell to each.

Groups split the channels: group g of G reads its own C/G channels and writes its own O/G outputs,
and is a convolution of its own. All of the above then holds with a leading axis G, which
`np.matmul` carries along; one group is the case G = 1.

Cost: columns are KH KW / (sh sw) times the size of the image.
Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document
processing", IWFHR 2006.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array, Curve, into
from .activation import finished
from .windows import gather, scatter


def im2col(x: Array, window: Window, groups: int) -> Array:
    """Every window as a row: x (N, H, W, C) -> (G, N*OH*OW, KH*KW*C/G)."""
    cells = gather(x, window, outside=0.0)  # (N, OH, OW, KH, KW, C), a view
    n_images, rows, columns, kh, kw, channels = cells.shape
    depth = channels // groups
    # A group's channels are neighbours, so C splits into G groups of `depth`:
    cells = cells.reshape(n_images, rows, columns, kh, kw, groups, depth)
    cells = np.moveaxis(cells, 5, 0)  # (G, N, OH, OW, KH, KW, C/G)
    # This reshape is where the windows are copied, overlaps and all:
    return cells.reshape(groups, n_images * rows * columns, kh * kw * depth)


def col2im(columns: Array, window: Window, groups: int, images: tuple[int, ...]) -> Array:
    """The transpose of `im2col`: columns (G, N*OH*OW, KH*KW*C/G) -> (N, H, W, C) = `images`.

    Line by line it undoes `im2col`, from the last to the first.
    """
    n_images, *image, channels = images
    height, width = image
    rows, cols = window.output_size((height, width))
    cells = columns.reshape(
        groups, n_images, rows, cols, *window.size, channels // groups
    )  # (G, N, OH, OW, KH, KW, C/G)
    cells = np.moveaxis(cells, 0, 5)  # (N, OH, OW, KH, KW, G, C/G)
    cells = cells.reshape(n_images, rows, cols, *window.size, channels)
    return scatter(cells, window, (height, width))  # (N, H, W, C)


def split(matrix: Array, groups: int) -> Array:
    """Each group's columns as a matrix of its own: (R, O) -> (G, R, O/G), a view."""
    rows, outputs = matrix.shape
    return np.moveaxis(matrix.reshape(rows, groups, outputs // groups), 1, 0)


def join(matrices: Array) -> Array:
    """The groups' matrices side by side: (G, R, O/G) -> (R, O)."""
    groups, rows, outputs = matrices.shape
    return np.moveaxis(matrices, 0, 1).reshape(rows, groups * outputs)


@kernel("conv2d", backend="numpy")
def conv2d(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    bias: Array | None = None,
    activation: Curve | None = None,
) -> Array:
    """y = columns @ weights, for each group."""
    n_images, height, width, _ = x.shape
    kh, kw, depth, filters = kernel.shape
    weights = split(kernel.reshape(kh * kw * depth, filters), groups)  # (G, KH*KW*C/G, O/G)
    y = join(im2col(x, window, groups) @ weights)  # (N*OH*OW, O)
    y = y.reshape(n_images, *window.output_size((height, width)), filters)  # (N, OH, OW, O)
    return finished(y, bias, activation)


@kernel("conv2d_input_gradient", backend="numpy")
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """dx = col2im(dy @ weights^T), for each group."""
    n_images, rows, columns, filters = dy.shape
    kh, kw, depth, _ = kernel.shape
    weights = split(kernel.reshape(kh * kw * depth, filters), groups)  # (G, KH*KW*C/G, O/G)
    upstream = split(dy.reshape(n_images * rows * columns, filters), groups)  # (G, N*OH*OW, O/G)
    dcolumns = upstream @ weights.swapaxes(1, 2)  # (G, N*OH*OW, KH*KW*C/G)
    return col2im(dcolumns, window, groups, (n_images, *image, groups * depth))


@kernel("conv2d_kernel_gradient", backend="numpy")
def conv2d_kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> Array:
    """dweights = columns^T @ dy, for each group."""
    n_images, rows, columns, filters = dy.shape
    upstream = split(dy.reshape(n_images * rows * columns, filters), groups)  # (G, N*OH*OW, O/G)
    dweights = im2col(x, window, groups).swapaxes(1, 2) @ upstream  # (G, KH*KW*C/G, O/G)
    dkernel = join(dweights).reshape(*window.size, x.shape[3] // groups, filters)
    return into(out, dkernel)  # (KH, KW, C/G, O)
