"""A folder of tiny programs, for the tests of `python -m benchmarks doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CODE = """
import numpy as np

def load(spec):
    params = spec.get("params", {})
    if spec["name"] == "trouble":
        raise RuntimeError("the disk is\\nfull")
    n = params.get("n", 40)
    x = np.linspace(-1, 1, n, dtype=np.float32)[np.random.default_rng(0).permutation(n)]
    y = (x > 0).astype(np.int64)
    if spec["name"] == "flipped":
        y = 1 - y
    if spec["name"] == "pair":
        return {"x": [x[:, None], x[:, None] + 1], "y": y}
    if spec["name"] == "apart":
        return {"x": x[:, None], "y": y, "x_val": x[:5, None], "y_val": y[:5]}
    return {"x": x[:, None], "y": y}
"""

LAYERS = [
    {"class": "Dense", "name": "hidden", "units": 4, "activation": "tanh"},
    {"class": "Dense", "name": "out", "units": 1, "activation": "sigmoid"},
]


def twin(**changes: Any) -> dict[str, Any]:
    """A training that learns the sign of a number."""
    return {
        "data": {"name": "sign", "params": {}, "preprocessing": []},
        "model": {"kind": "sequential", "input_shape": [1], "layers": LAYERS},
        "loss": "binary_crossentropy",
        "optimizer": {"class": "SGD", "kwargs": {"learning_rate": 1.0}},
        "batch_size": 8,
        "epochs": 10,
        "validation_split": 0.25,
        "shuffle": True,
        "seed": 3,
        "metrics": ["accuracy"],
        **changes,
    }


def program(buggy: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A control, or a case with that buggy twin."""
    case = {} if buggy is None else {"buggy": buggy}
    return {
        "id": "made-up",
        "kind": "control" if buggy is None else "bug",
        "tier": 1,
        "fault": {"category": "lr_too_low", "also_accept": [], "where": ["optimizer"]},
        "expect": {"task": "binary", "on": "val", "rule": "chance", "fixed_ok": 0.9},
        "fixed": twin(),
        **case,
        **changes,
    }


def chain(*layers: dict[str, Any]) -> dict[str, Any]:
    """A sequential model of one number."""
    return {"kind": "sequential", "input_shape": [1], "layers": list(layers)}


def write(folder: Path, name: str, content: object) -> Path:
    """A file of a program, in a folder that has the code for the data."""
    (folder / "data.py").write_text(CODE)
    kind = "cases" if isinstance(content, dict) and content.get("kind") == "bug" else "controls"
    file = folder / kind / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content))
    return file
