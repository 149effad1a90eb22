"""The layers that are measured: rows of a CSV file.

| column | |
|---|---|
| `set`, `layer` | together the name; `set` may be missing |
| `n` | images, as published |
| `fits_n` | images that are measured, on two cores; `n` where it is empty or missing |
| `c`, `h`, `w` | channels, height and width of an image |
| `k`, `r`, `s` | filters, and height and width of the kernel |
| `ph`, `pw`, `sh`, `sw` | zeros around the image, at each end, and strides: rows, columns |
| `default_subset` | not empty: measured by default; may be missing |
| `source` | who published it, or what here has it; may be missing |

Other columns are passed over. `shapes.csv` has the convolutions of LeNet and of the studies'
networks at the askers' sizes, and 172 published layers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import BenchmarkError
from nnscratch.kernels.geometry import Pair, Window

OWN = Path(__file__).parent / "shapes.csv"
SIZES = ("n", "c", "h", "w", "k", "r", "s", "sh", "sw")
PADS = ("ph", "pw")


@dataclass(frozen=True)
class Layer:
    """A convolution: images (N, *image, channels), a kernel (*window.size, channels, filters)."""

    name: str
    images: int
    image: Pair
    channels: int
    filters: int
    window: Window
    default: bool = True

    @property
    def outputs(self) -> Pair:
        """Rows and columns of the result."""
        return self.window.output_size(self.image)

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Of the images, the kernel and the result."""
        return (
            (self.images, *self.image, self.channels),
            (*self.window.size, self.channels, self.filters),
            (self.images, *self.outputs, self.filters),
        )

    @property
    def plain_3x3(self) -> bool:
        """Whether it has a 3x3 kernel and strides of 1."""
        return self.window.size == (3, 3) and self.window.strides == (1, 1)

    def __str__(self) -> str:
        """Images and kernel: "8x56x56x64 * 3x3x64x128/2", with the strides behind."""
        x, kernel, _ = ("x".join(map(str, shape)) for shape in self.shapes)
        strides = "x".join(map(str, dict.fromkeys(self.window.strides)))
        return f"{x} * {kernel}" + (f" /{strides}" if strides != "1" else "")


def select(shapes: str) -> list[Layer]:
    """The layers that `--shapes` names: "default", "all", or a file of the user's, all of it.

    Raises:
        BenchmarkError: there is no such file, or it cannot be read.
    """
    if shapes == "all":
        return read(OWN)
    if shapes == "default":
        return [layer for layer in read(OWN) if layer.default]
    return read(Path(shapes))


def read(file: Path) -> list[Layer]:
    """The layers of a file.

    Raises:
        BenchmarkError: there is no such file, columns are missing, or a row is no convolution.
    """
    try:
        with file.open(newline="", encoding="utf-8") as text:
            reader = csv.DictReader(text)
            rows, columns = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchmarkError(
            f"--shapes {file}: {error}; give default, all, or a CSV file"
        ) from error
    missing = [name for name in ("layer", *SIZES, *PADS) if name not in columns]
    if missing:
        raise BenchmarkError(
            f"--shapes {file}: no column {', '.join(missing)}; benchmarks/conv/layers.py lists them"
        )
    layers = [parsed(row, f"--shapes {file}, row {i}") for i, row in enumerate(rows, start=1)]
    return distinct(layers, file)


def parsed(row: Mapping[str, str | None], where: str) -> Layer:
    """The layer of a row."""
    numbers = {name: whole(row, name, 1, where) for name in SIZES}
    numbers |= {name: whole(row, name, 0, where) for name in PADS}
    images = whole(row, "fits_n", 1, where) if row.get("fits_n") else numbers["n"]
    pads = (numbers["ph"],) * 2, (numbers["pw"],) * 2
    window = Window((numbers["r"], numbers["s"]), (numbers["sh"], numbers["sw"]), (1, 1), pads)
    layer = Layer(
        "/".join(filter(None, (row.get("set"), row["layer"]))),
        images,
        (numbers["h"], numbers["w"]),
        numbers["c"],
        numbers["k"],
        window,
        bool(row.get("default_subset")),
    )
    if min(layer.outputs) < 1:
        raise BenchmarkError(
            f"{where}: a kernel of {window.size} does not fit an image of {layer.image} "
            f"with {numbers['ph']} and {numbers['pw']} zeros around it"
        )
    return layer


def whole(row: Mapping[str, str | None], name: str, least: int, where: str) -> int:
    """A cell's number."""
    text = (row[name] or "").strip()
    if not text.isdecimal() or int(text) < least:
        raise BenchmarkError(
            f"{where}: {name} should be a whole number from {least} on, but is {text!r}"
        )
    return int(text)


def distinct(layers: Sequence[Layer], file: Path) -> list[Layer]:
    """The layers, if there are any and no two have one name."""
    names = [layer.name for layer in layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not layers:
        raise BenchmarkError(
            f"--shapes {file}: "
            + (f"two rows are called {twice[0]!r}" if twice else "there are no rows")
        )
    return list(layers)
