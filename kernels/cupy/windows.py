"""How kernels are told of images and windows; their side is `windows.cuh`."""

from __future__ import annotations

import numpy as np

from ..geometry import Pair, Window


def numbers(window: Window, image: Pair, channels: int) -> list[np.int32]:
    """IMAGES, WINDOW; the pads below and to the right are implied by the sizes of the arrays."""
    (top, _), (left, _) = window.pads
    images = *image, channels, *window.output_size(image)
    cells = *window.size, *window.strides, *window.dilation, top, left
    return [np.int32(number) for number in (*images, *cells)]
