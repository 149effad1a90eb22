"""The benchmarks: `python -m benchmarks NAME [--backend B] [--out FILE]`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import inspection, memory
from nnscratch.machine import machine

BENCHMARKS = {"memory": memory.run, "inspection": inspection.run}


def main() -> None:
    """Run a benchmark, and write its numbers beside the machine that they were measured on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--backend", default="numba", choices=("numba", "numpy"))
    parser.add_argument("--out", type=Path, help="a JSON file for the numbers")
    chosen = parser.parse_args()
    results = BENCHMARKS[chosen.name](chosen.backend)
    if chosen.out is not None:
        document = {
            "benchmark": chosen.name,
            "backend": chosen.backend,
            "machine": machine(),
            "results": results,
        }
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"Wrote {chosen.out}")


if __name__ == "__main__":
    main()
