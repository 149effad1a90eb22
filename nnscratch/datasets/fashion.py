"""Fashion-MNIST: 60,000 + 10,000 photographs of clothes, 28x28 pixels, ten classes.

Source: Xiao, Rasul & Vollgraf 2017, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms, arXiv 1708.07747; Zalando SE, MIT licence.
"""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

import numpy as np

from nnscratch.core.errors import DataError
from nnscratch.datasets.idx import read_idx
from nnscratch.datasets.images import Images, Labels, TrainAndTest, labelled

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

VARIABLE = "NNSCRATCH_FASHION_MNIST"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
SHA256 = {
    "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
"""Of the published files, `.gz`. Debian's hold the same data under another gzip header."""

SIDE = 28
WHITE = 255


def fashion_mnist(folder: str | PathLike[str] | None = None, *, scale: bool = True) -> TrainAndTest:
    """Fashion-MNIST: (x_train, y_train), (x_test, y_test).

    Images are float32 (60000, 28, 28, 1) and (10000, 28, 28, 1) in 0..1, labels int64, 0..9;
    `nnscratch.datasets.fashion.CLASS_NAMES` names them.

    The four IDX files are looked for in one place, the first of these that applies: the folder
    given; the one in the environment variable NNSCRATCH_FASHION_MNIST; that of Debian's package
    dataset-fashion-mnist; the cache, ~/.cache/nnscratch/fashion-mnist or under XDG_CACHE_HOME. What
    the cache lacks is downloaded, which needs pooch (the extra `data`) and checks SHA-256.

    Args:
        folder: where the files are, gzipped or not.
        scale: divide by 255, or else leave the numbers 0..255, as float32.

    Raises:
        DataError: a file is missing, damaged or of another shape, or cannot be downloaded.
    """
    home = _find_or_download(folder)
    return _part(home, "train", scale), _part(home, "t10k", scale)


def _part(folder: Path, part: str, scale: bool) -> tuple[Images, Labels]:
    images_file = _file(folder, f"{part}-images-idx3-ubyte")
    labels_file = _file(folder, f"{part}-labels-idx1-ubyte")
    pixels, labels = read_idx(images_file), read_idx(labels_file)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{images_file}: expected uint8 images (N, {SIDE}, {SIDE}), got {pixels.dtype} "
            f"{pixels.shape}"
        )
    if labels.dtype != np.uint8 or labels.shape != pixels.shape[:1]:
        raise DataError(
            f"{labels_file}: expected a uint8 label for each of the {len(pixels)} images in "
            f"{images_file.name}, got {labels.dtype} {labels.shape}"
        )
    if (labels >= len(CLASS_NAMES)).any():
        raise DataError(f"{labels_file}: expected labels 0..9, got {labels.max()}")
    return labelled(pixels, labels, white=WHITE, scale=scale)


def _file(folder: Path, name: str) -> Path:
    packed, plain = folder / f"{name}.gz", folder / name
    for path in (packed, plain):
        if path.is_file():
            return path
    raise DataError(f"fashion_mnist: {folder} holds neither {packed.name} nor {plain.name}")


def _find_or_download(given: str | PathLike[str] | None) -> Path:
    if given is None:
        given = os.environ.get(VARIABLE) or None  # set but empty means not set
    if given is not None:
        return Path(given)
    if DEBIAN_FOLDER.is_dir():
        return DEBIAN_FOLDER
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = cache / "nnscratch" / "fashion-mnist"
    missing = [name for name in SHA256 if not (cache / f"{name}.gz").is_file()]
    if missing:
        _download(missing, cache)
    return cache


def _download(names: list[str], folder: Path) -> None:
    ways = (
        f"get the data in any of these ways: apt install dataset-fashion-mnist; set {VARIABLE} to, "
        f"or pass, a folder with the four IDX files from {URL}; or pip install 'nnscratch[data]', "
        "which downloads them"
    )
    try:
        import pooch
    except ImportError as error:
        raise DataError(f"fashion_mnist: not on this machine, and no pooch; {ways}") from error
    for name in names:
        try:
            pooch.retrieve(f"{URL}{name}.gz", f"sha256:{SHA256[name]}", f"{name}.gz", folder)
        except (OSError, ValueError) as error:  # no network; another checksum
            raise DataError(f"fashion_mnist: cannot download {name}: {error}; {ways}") from error
