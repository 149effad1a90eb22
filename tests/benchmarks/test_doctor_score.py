"""How a trained twin is scored, and when it fails."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from benchmarks.doctor.program import Expect
from benchmarks.doctor.row import Row, line
from benchmarks.doctor.score import Score, fails, scored
from benchmarks.doctor.tally import causes, closing, summary, table
from benchmarks.doctor.verdict import Verdict

NAN, INF = math.nan, math.inf


def test_binary() -> None:
    p, y = np.array([[0.9], [0.2], [0.6], [0.5]]), np.array([1, 0, 0, 0])
    assert scored("binary", p, y) == (0.75, 0.75)
    two = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert scored("binary", two, np.eye(2)[y]) == (0.75, 0.75)


def test_classes() -> None:
    y = np.array([0, 2, 1, 2])
    p = np.array([[9, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert scored("class", p, y) == (0.5, 0.5)
    assert scored("class", p, np.eye(3)[y]) == (0.5, 0.5)
    assert scored("class", np.array([[0.4], [1.6], [1.4], [9.0]]), y[:, None]) == (0.75, 0.5)


def test_the_mean_recall_counts_each_class_alike() -> None:
    y = np.array([0] * 9 + [1])
    p = np.eye(2)[[0] * 10]
    assert scored("balanced", p, y) == (0.5, 0.5)
    assert scored("class", p, y) == (0.9, 0.9)


def test_labels_one_by_one() -> None:
    y = np.array([[1, 0], [1, 1], [1, 0], [0, 0]])
    p = np.array([[0.9, 0.9], [0.9, 0.9], [0.9, 0.1], [0.1, 0.1]])
    assert scored("label", p, y) == (7 / 8, 0.75)


def test_r2_of_all_columns() -> None:
    y = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert scored("reg", y, y) == (1, 0)
    assert scored("reg", np.array([[2.0, 5.0], [2.0, 5.0]]), y) == (0, 0)
    assert scored("reg", np.array([[1.0], [2.0]]), np.array([1.0, 3.0]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize("task", ["binary", "class", "balanced", "label", "reg"])
def test_nan_is_no_score(task: str) -> None:
    assert math.isnan(scored(task, np.array([[NAN], [1.0]]), np.array([0, 1]))[0])


def rule(name: str, task: str = "class", gap: float = 0.0) -> Expect:
    return Expect(task, "val", name, fixed_ok=0.9, fixed_truth=False, gap=gap)


def reached(value: float, loss: float = 1.0, metric: float = NAN) -> Score:
    return Score(value, 0.0 if value < -0.5 else 0.5, loss, metric)


@pytest.mark.parametrize(
    ("expect", "buggy", "fixed", "expected"),
    [
        (rule("chance"), reached(0.55), reached(0.9), True),
        (rule("chance"), reached(0.56), reached(0.9), False),
        (rule("chance", "reg"), Score(0.1, 0.0, 1, NAN), reached(0.9), True),
        (rule("chance", "reg"), Score(0.11, 0.0, 1, NAN), reached(0.9), False),
        (rule("chance"), reached(NAN), reached(0.9), True),
        (rule("chance"), reached(0.9, loss=INF), reached(0.9), True),
        (rule("2x"), reached(0.75), reached(0.875), True),
        (rule("2x"), reached(0.76), reached(0.875), False),
        (rule("2x"), reached(0.9, loss=NAN), reached(0.9), True),
        (rule("train_loss_2x"), reached(0.9, loss=2.0), reached(0.9, loss=1.0), True),
        (rule("train_loss_2x"), reached(0.9, loss=1.9), reached(0.9, loss=1.0), False),
        (rule("metric_gap", gap=0.25), reached(0.5, metric=0.75), reached(0.9), True),
        (rule("metric_gap", gap=0.25), reached(0.75, metric=0.5), reached(0.9), False),
        (rule("metric_gap_abs", gap=0.25), reached(0.75, metric=0.5), reached(0.9), True),
    ],
)
def test_rules(expect: Expect, buggy: Score, fixed: Score, expected: bool) -> None:
    assert fails(expect, buggy, fixed) is expected


def found(*causes: str, doubts: tuple[str, ...] = ()) -> Verdict:
    return Verdict(causes, doubts, overhead=0.25)


LONG = Row(
    "DC-base-missing_normalization",
    category="double_softmax_or_logits_as_probabilities",
    buggy_score=-9.28e20,
    fails=True,
    fixed_score=0.75,
    learns=False,
    seconds=2.0,
    accepted=("double_softmax_or_logits_as_probabilities", "wrong_output_activation"),
    buggy_verdict=found("wrong_output_activation", "lr_too_low"),
    fixed_verdict=found("dead_relu"),
)
MISSED = dataclasses.replace(LONG, buggy_verdict=found(doubts=("capacity",)), fixed_verdict=found())
WRONG = dataclasses.replace(MISSED, buggy_verdict=found("lr_too_low"))
CONTROL = Row(
    "a", category="none", fixed_score=1.0, learns=True, seconds=1.0, fixed_verdict=found()
)
BROKEN = Row("b", error="ValueError: no")


def test_rows_are_told_in_80_columns() -> None:
    first, alarm, last = line(LONG).splitlines()
    assert len(first) <= 80
    assert first.endswith("right  F -")
    assert alarm == "  false alarm: dead_relu"
    assert last == "  not as expected"
    assert "missed " in line(MISSED)
    assert "wrong " in line(WRONG)
    assert line(BROKEN).endswith("ERROR: ValueError: no")
    assert "\n" not in line(CONTROL)


def test_counts() -> None:
    rows = [LONG, MISSED, WRONG, CONTROL, BROKEN]
    assert summary(rows) == {
        "programs": 5,
        "buggy": 3,
        "detected": 2,
        "recall": 2 / 3,
        "cause_correct": 1,
        "cause_accuracy": 1 / 3,
        "healthy": 4,
        "false_alarms": 1,
        "false_alarm_rate": 0.25,
        "median_seconds": 2.0,
        "overhead": 7 * 0.25 / 7,
        "buggy_failing": 3,
        "fixed_learning": 1,
        "errors": 1,
        "right_tried": 0,
        "right_verified": 0,
        "wrong_tried": 0,
        "wrong_verified": 0,
        "trial_cost": 0.0,
    }
    told = closing(rows)
    assert told.startswith("5 programs: 3 of 3 buggy twins fail, 1 of 4 others learn, 1 errors")
    assert told.endswith("recall 0.67, right causes 0.33, false alarms 0.250, overhead 25%")
    assert summary([])["recall"] == 0.0


def test_verified_findings_are_counted_apart() -> None:
    def tried(row: Row, verified: bool) -> Row:
        verdict = dataclasses.replace(found(), verified=verified, trials=0.5)
        assert row.buggy_verdict is not None
        causes = row.buggy_verdict.causes
        return dataclasses.replace(row, buggy_verdict=dataclasses.replace(verdict, causes=causes))

    rows = [tried(LONG, True), tried(LONG, False), LONG, tried(WRONG, True), tried(MISSED, False)]
    first, last = closing(rows).splitlines()[-2:]
    assert first == "verified by their fixes: 1 of 2 right findings, 1 of 1 wrong ones"
    assert last == "trials took 20% of the training"


def test_counts_cause_by_cause() -> None:
    counts = causes([LONG, MISSED, WRONG, CONTROL])
    assert counts["double_softmax_or_logits_as_probabilities"] == {
        "programs": 3,
        "detected": 2,
        "right": 1,
        "named": 0,
        "rightly": 0,
        "false_alarms": 0,
    }
    assert counts["wrong_output_activation"]["rightly"] == 1
    assert counts["lr_too_low"] | {"named": 1, "rightly": 0} == counts["lr_too_low"]
    assert counts["dead_relu"]["false_alarms"] == 1
    assert max(map(len, str(table([LONG])).splitlines())) <= 80


def test_json_has_no_nan() -> None:
    told = Row("a", fixed_score=NAN, fixed_loss=INF, learns=False).as_json()
    assert (told["fixed_score"], told["fixed_loss"], told["as_expected"]) == ("nan", "inf", False)
