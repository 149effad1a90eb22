"""What the parts of the algorithms for convolution cost, in nanoseconds on one thread.

There is a table for each vector unit, and for a processor that is not like others of its unit, if
LLVM knows its name. `nnscratch tune` measures one of the user's own, which is then read by every
process. Only ratios matter: they decide between algorithms.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from ..jit import cache_root
from ..microkernel.target import TARGET


class TableError(ValueError):
    """A file that is no table of costs."""


class Filtering(NamedTuple):
    """Of Winograd's algorithm, for tiles of m x m."""

    tile: float
    """Finding a tile's places."""
    channel: float
    """Transforming one channel of it."""
    filter: float
    """Transforming one 3x3 filter of one channel."""
    gradient: float
    """Adding up and transforming back its gradient."""


class Costs(NamedTuple):
    """All that the choice is made from."""

    product: float
    """A multiplication and addition in large products."""
    direct: float
    """One in a direct convolution."""
    direct_gradient: float
    """One in the direct gradient of a kernel."""
    packed: float
    """A number of the kernel, to be packed into panels."""
    call: float
    """What Winograd's algorithms do more of, such as handing out tasks."""
    winograd2: Filtering
    winograd4: Filtering

    def as_json(self) -> dict[str, Any]:
        """By name."""
        named = {"winograd2": self.winograd2._asdict(), "winograd4": self.winograd4._asdict()}
        return {**self._asdict(), **named}


FILTERING = ("winograd2", "winograd4")

MEASURED = Costs(
    product=0.024,
    direct=0.028,
    direct_gradient=0.028,
    packed=0.33,
    call=50_000,
    winograd2=Filtering(tile=200, channel=4.5, filter=10, gradient=10),
    winograd4=Filtering(tile=300, channel=10, filter=20, gradient=15),
)
"""With AVX2 at some 3 GHz (AMD EPYC; filters and their gradients on an Intel Xeon)."""

WIDE = Costs(
    product=0.0156,
    direct=0.015,
    direct_gradient=0.01,
    packed=0.2,
    call=176_000,
    winograd2=Filtering(tile=124, channel=0.9, filter=2.4, gradient=2.6),
    winograd4=Filtering(tile=152, channel=3.4, filter=12.5, gradient=3.6),
)
"""With AVX-512 at some 2.6 GHz (Intel Xeon), from what 498 shapes took: 1.02 times as long as the
best choice of each."""

ZEN5 = WIDE._replace(
    direct=0.016,
    direct_gradient=0.017,
    call=100_000,
    winograd2=WIDE.winograd2._replace(filter=3.4),
    winograd4=WIDE.winograd4._replace(filter=6.6, gradient=4.1),
)
"""With AVX-512 at some 4.3 GHz (AMD EPYC 9005), from what 519 cases took: 1.004 times as long as
the best choice of each, which was 1.019 by Intel's costs. Points of 4 x 4 tiles' filters take half
as long."""

COSTS: Mapping[str, Costs] = MappingProxyType(
    {"avx512": WIDE, **dict.fromkeys(("avx2", "neon", "portable"), MEASURED)}
)
"""By vector unit. Those that were not measured are taken to have the ratios of AVX2."""

PROCESSORS: Mapping[tuple[str, str], Costs] = MappingProxyType({("znver5", "avx512"): ZEN5})
"""By LLVM's name of a processor, and vector unit: those that are not like others of their unit."""


def own_table() -> Path:
    """Where the user's table for this vector unit lies, if there is one."""
    return cache_root() / f"costs-{TARGET.name}.json"


def read(path: Path) -> Costs:
    """The costs in a file that `write` wrote.

    Raises:
        TableError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        two, four = (Filtering(**numbers(Filtering, table.pop(name))) for name in FILTERING)
        rest = numbers(Costs, {**table, **dict.fromkeys(FILTERING, 1.0)})
        return Costs(**rest)._replace(winograd2=two, winograd4=four)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TableError(
            f"{path}: not a table of costs ({error}); `nnscratch tune` writes one, or delete it"
        ) from error


def numbers(kind: type[Costs] | type[Filtering], table: Any) -> dict[str, Any]:
    """The fields of a kind of costs, each a positive number."""
    if set(table) != set(kind._fields):
        raise ValueError(f"expected {', '.join(kind._fields)}")
    for name, value in table.items():
        if not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value!r}, expected a positive number")
    return dict(table)


def write(costs: Costs, path: Path) -> None:
    """Write a table: to a temporary file, then renamed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(costs.as_json(), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def digest(costs: Costs) -> str:
    """16 hexadecimal digits that change with any of the costs."""
    return hashlib.sha256(json.dumps(costs.as_json()).encode()).hexdigest()[:16]


def committed(processor: str, unit: str) -> Costs:
    """The processor's own, else those of its vector unit."""
    return PROCESSORS.get((processor, unit), COSTS[unit])


def in_use() -> Costs:
    """The user's, else the committed ones."""
    path = own_table()
    return read(path) if path.exists() else committed(llvm.get_host_cpu_name(), TARGET.name)


CHOSEN = in_use()
"""What this process chooses by."""
