"""The data of the programs, as `python -m benchmarks doctor` asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.programs.operations import OPERATIONS
from benchmarks.programs.sets import SETS
from nnscratch.core.errors import look_up


def load(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of a program: a set, and operations on it in turn.

    Args:
        spec: {"name": of the set, "params": its arguments, "preprocessing": [{"op": name of an
            operation, and its arguments}]}.

    Returns:
        {"x": inputs, or a list of several, "y": targets}.

    Raises:
        UnknownNameError: there is no set or operation of that name.
    """
    x, y = look_up("data set", spec["name"], SETS)(**spec["params"])
    for step in spec["preprocessing"]:
        arguments = {name: value for name, value in step.items() if name != "op"}
        x, y = look_up("operation", step["op"], OPERATIONS)(x, y, **arguments)
    return {"x": x, "y": y}
