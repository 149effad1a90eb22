"""What a number was measured on: it stands beside every measurement that is written down."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from nnscratch.version import __version__


def machine() -> dict[str, Any]:
    """System, processor, cores, and the versions of what computes, as JSON."""
    return {
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "nnscratch": __version__,
        **{name: metadata.version(name) for name in ("numpy", "numba")},
    }


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    if platform.system() == "Linux":
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
