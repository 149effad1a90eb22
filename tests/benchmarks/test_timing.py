from __future__ import annotations

import pytest

from benchmarks.timing import BRIEF, Effort, Times, by_turns, geometric_mean


def test_quantiles_of_all_calls() -> None:
    times = Times.of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert times == (3.5, 2.0, 5.0)
    assert not times.steady
    assert Times(1.0, 0.9, 1.15).steady
    assert not Times(1.0, 0.9, 1.16).steady


def test_short_calls_are_counted_more_often_in_a_turn() -> None:
    effort = Effort(turn=0.02, most=50, warm=0.005)
    assert [effort.calls(s) for s in (1e-6, 1e-3, 1.0)] == [50, 20, 1]
    assert [effort.warming(s) for s in (1e-6, 1e-3, 0.05, 1.0)] == [50, 5, 2, 1]


def test_everybody_has_a_turn_in_each_round_after_calls_that_do_not_count() -> None:
    calls: list[str] = []
    times = by_turns(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")},
        Effort(rounds=2, turn=0.0, rest=0.0, warm=1.0, budget=1e9),
        clock=lambda work: work() or float(len(calls)),
    )
    assert "".join(calls) == "aabb" + "aaabbb" + "bbbaaa"
    assert times["a"] == Times.of([7.0, 16.0])
    assert times["b"] == Times.of([10.0, 13.0])


def test_rounds_end_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    by_turns(
        {"a": lambda: calls.append(0)}, Effort(rounds=9, turn=0, rest=0, warm=0, budget=0, fewest=2)
    )
    assert len(calls) == 2 + 2 * 2
    calls.clear()
    by_turns({"a": lambda: calls.append(0)}, BRIEF)
    assert len(calls) == 2 + 2


def test_a_turn_begins_with_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[object] = []
    monkeypatch.setattr("benchmarks.timing.time.sleep", happened.append)
    effort = Effort(rounds=1, turn=0.0, rest=0.5, warm=0.0)
    by_turns({"a": lambda: happened.append("a"), "b": lambda: happened.append("b")}, effort)
    assert "".join(map(str, happened)).split("0.5") == ["aabb", "aa", "bb"]


def test_nobody_takes_no_turns() -> None:
    assert by_turns({}, BRIEF) == {}


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert geometric_mean([]) is None
