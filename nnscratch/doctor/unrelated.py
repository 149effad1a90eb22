"""Rows and targets that have nothing to do with each other: wrong labels, or nothing to learn.

Of one set of rows the two cannot be told apart: labels that were shuffled are, to their rows, what
noise is. What can be told:

* where other rows (those for validation) do know their targets, these labels are wrong;
* inputs whose columns know of each other, such as pictures, show things that labels can be right
  or wrong about; where the inputs are noise themselves, there is nothing that labels could name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence
from nnscratch.doctor.held_out import HeldOut
from nnscratch.doctor.neighbours import Neighbours
from nnscratch.doctor.relation import Relation, columns, joined, relation, signal_of

LEAST = 30
"""Rows, of which chance says something."""
PROOF = 5.0
"""Standard errors, above 0, of a relation that proves something: of 40 rows of noise, of which one
in a hundred lies beyond 3, and of another 3 below -3, since an answer leans away from its row."""
MEMORY = 2.0
"""P weights fit n rows of noise to R2 = P / n; of twice as much at least half is no memory."""
HALF = 0.5
"""Of an R2: a rule that was found explains more in the end, noise that is learned by heart less. Of
a correlation: what was learned of the rows' own labels answers other rows better than that, and
labels that by chance are right now and then answer them worse."""


@dataclass(frozen=True)
class Verdict:
    """That rows know nothing of their targets, and what that is more likely to mean."""

    cause: str
    """bad_labels or no_signal."""
    certainty: Certainty
    evidence: tuple[Evidence, ...]

    def certainty_of(self, cause: str) -> Certainty | None:
        """How sure the one or the other is."""
        if cause == self.cause:
            return self.certainty
        return None if self.certainty is Certainty.certain else Certainty.possible


def unrelated(chart: Chart) -> Verdict | None:
    """The verdict on a training; None where its rows know something, or too few are known."""
    near, seen = chart.neighbours, chart.signal
    if near is None or seen is None or seen.known or known(chart, near) < LEAST:
        return None
    told, held = [sentence("training", len(near.rows), seen)], chart.held_out
    certainty = Certainty.likely
    if held is not None and len(held.task.target) >= LEAST:
        answered, own = answers_of(held), signal_of(held.inputs, held.task)
        if answered is None:
            return None
        proven = own is not None and own.r > PROOF * own.error
        if own is not None and proven and (not answered.known or answered.r < HALF * own.r):
            told.append(sentence("validation", len(held.task.target), own))
            return Verdict("bad_labels", Certainty.certain, tuple(told))
        if seen.there or answered.known:
            return None
        told.append(answers_sentence(chart, len(held.task.target), answered))
    elif seen.there:
        return None
    elif chart.learned:
        fitted, memory = skill(chart), weights(chart) / len(chart.rows)
        if fitted > MEMORY * memory:
            return None
        told.append(memory_sentence(chart, memory))
        if fitted > min(HALF, memory):
            certainty = Certainty.possible
    return Verdict("bad_labels" if joined(near) else "no_signal", certainty, tuple(told))


def known(chart: Chart, near: Neighbours) -> int:
    """How many rows something can be known of: of classes, those that are not of the largest."""
    classes = chart.task.classes
    if classes is None or len(classes) != len(chart.rows):
        return len(near.rows)
    return len(near.rows) - int(np.bincount(classes[near.rows]).max())


def answers_of(held: HeldOut) -> Relation | None:
    """What the network's answers to the validation rows have to do with their targets."""
    truth, y = columns(held.task), held.y.reshape(len(held.y), -1)
    if truth is None or not np.isfinite(y).all():
        return None
    if held.task.target.dtype.kind == "i":
        y = y[:, np.unique(held.task.target)]  # (n, classes that are there)
    return relation(y, truth) if y.shape == truth.shape else None


def skill(chart: Chart) -> float:
    """R2, or the square of the part of the errors that the answers avoid: its like for classes."""
    if chart.task.measure == "R2":
        return chart.score
    chance = chart.task.chance
    return float(((chart.score - chance) / (1 - chance)) ** 2)


def weights(chart: Chart) -> int:
    """How many numbers are trained."""
    return sum(value.size for value in chart.model.parameters.trained.values())


def memory_sentence(chart: Chart, memory: float) -> Evidence:
    """How much of the training rows the network may know by heart."""
    return Evidence(
        f"the network has {chart.task.measure} {chart.score:.3g} on them, a constant "
        f"{chart.task.chance:.3g}: its {weights(chart)} weights can learn that much by heart",
        step=chart.end.index,
        numbers={"training": chart.score, "weights per row": memory},
    )


def sentence(which: str, rows: int, found: Relation) -> Evidence:
    """What the simple learners know of some rows."""
    return Evidence(
        f"of {rows} {which} rows each, answered from the others by the nearest ones and by a "
        f"linear fit: the answers correlate with the truth by {found.r:.2f}, chance reaches "
        f"{3 * found.error:.2f}",
        numbers={"correlation": found.r, "chance": 3 * found.error, "rows": rows},
    )


def answers_sentence(chart: Chart, rows: int, found: Relation) -> Evidence:
    """What the network knows of rows that it was not trained on."""
    return Evidence(
        f"the network has {chart.task.measure} {chart.score:.3g} on training rows, a constant "
        f"{chart.task.chance:.3g}; its answers to {rows} validation rows correlate with the truth "
        f"by {found.r:.2f}, chance reaches {3 * found.error:.2f}",
        step=chart.end.index,
        numbers={"training": chart.score, "correlation": found.r, "chance": 3 * found.error},
    )
