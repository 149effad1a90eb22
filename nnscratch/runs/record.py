"""Record: what the log of a run says, step by step and epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnscratch.runs.errors import RunError


@dataclass
class Record:
    """The lists have an entry for each step."""

    steps: list[int] = field(default_factory=list)
    """The steps' indices, ascending."""
    loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    learning_rates: dict[int, float] = field(default_factory=dict)
    """What somebody set the learning rate to, by the step before which they did."""
    environments: dict[int, Any] = field(default_factory=dict)
    """Where it went on, if it was another environment, by the first step there."""
    epochs: list[int] = field(default_factory=list)
    """The epochs that are through."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """Their logs."""
    ends: list[int] = field(default_factory=list)
    """The last step of each of them."""
    _places: dict[int, int] = field(default_factory=dict)

    def add(self, entry: Mapping[str, Any]) -> None:
        """A line of the log."""
        if "step" in entry:
            self._add_step(entry)
        elif "learning_rate" in entry:
            self.learning_rates[entry["before"]] = entry["learning_rate"]
        elif "environment" in entry:
            self.environments[entry["before"]] = entry["environment"]
        elif "epoch" in entry:
            self.epochs.append(entry["epoch"])
            self.ends.append(self.steps[-1])
            for name, value in entry["logs"].items():
                self.history.setdefault(name, []).append(value)

    def _add_step(self, entry: Mapping[str, Any]) -> None:
        step = entry["step"]
        self._places[step] = len(self.steps)
        self.steps.append(step)
        self.loss.append(entry["loss"])
        for name, value in entry["metrics"].items():
            self.metrics.setdefault(name, []).append(value)

    def place(self, step: int) -> int:
        """Where in the lists a step stands.

        Raises:
            RunError: it is not there.
        """
        if step not in self._places:
            count = len(self.steps)
            known = f"{self.steps[0]} to {self.steps[-1]}, {count} steps" if count else "none yet"
            raise RunError(f"step {step} was not recorded; recorded: {known}")
        return self._places[step]
