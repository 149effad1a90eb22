"""Numbers to be regressed from images: five plain properties of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.errors import DataError
from nnscratch.datasets.images import Images

MOMENT_NAMES = ("brightness", "x", "y", "fill", "symmetry")


def image_moments(images: Images) -> NDArray[np.float32]:
    """Five targets in 0..1 for each image, as `MOMENT_NAMES` names them.

    * brightness: the mean of the pixels;
    * x, y: the centre of mass, from 0 in the first column or row to 1 in the last;
    * fill: the share of the pixels that are not 0;
    * symmetry: 1 - sum |I - M| / (2 sum I), where M is I with left and right exchanged; 1 for
      an image that is its own mirror image, 0 for one that shares nothing with it.

    A black image has its centre in the middle, (0.5, 0.5), and is symmetric.

    Args:
        images: float (N, H, W, 1) in 0..1, of two rows and columns or more.

    Returns:
        float32 (N, 5).

    Raises:
        DataError: the images are of another shape or range, or NaN.
    """
    if images.ndim != 4 or images.shape[3] != 1 or min(images.shape[1:3]) < 2:
        raise DataError(f"image_moments: expected images (N, H, W, 1), got {images.shape}")
    if not ((images >= 0) & (images <= 1)).all():
        raise DataError("image_moments: expected pixels in 0..1; divide by the largest value")
    image = images[..., 0].astype(np.float64)  # (N, H, W)
    _, height, width = image.shape
    mass = image.sum(axis=(1, 2))
    black = mass == 0
    divisor = np.where(black, 1.0, mass)
    x = image.sum(axis=1) @ np.linspace(0, 1, width) / divisor  # (N, W) @ (W,) -> (N,)
    y = image.sum(axis=2) @ np.linspace(0, 1, height) / divisor  # (N, H) @ (H,) -> (N,)
    moments = [
        image.mean(axis=(1, 2)),
        np.where(black, 0.5, x),
        np.where(black, 0.5, y),
        (image > 0).mean(axis=(1, 2)),
        1 - np.abs(image - image[:, :, ::-1]).sum(axis=(1, 2)) / (2 * divisor),
    ]
    return np.stack(moments, axis=1).astype(np.float32)  # (N, 5)
