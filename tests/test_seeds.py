"""The seeds of models that are given none."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import nnscratch as nn
from nnscratch import seeds

THREADS, EACH = 8, 300


@pytest.fixture
def impatient_threads(monkeypatch):
    """Threads that take turns every microsecond; afterwards seeds are drawn as before."""
    monkeypatch.setattr(seeds, "_seeds", seeds._seeds)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def draw(count):
    return [seeds.next_seed() for _ in range(count)]


@pytest.mark.usefixtures("impatient_threads")
@pytest.mark.parametrize("seed", [None, 3])
def test_many_threads_may_ask_for_a_seed_at_once(seed):
    if seed is not None:
        nn.set_seed(seed)
    with ThreadPoolExecutor(THREADS) as pool:
        drawn = [one for many in pool.map(draw, [EACH] * THREADS) for one in many]
    assert len(drawn) == THREADS * EACH
    if seed is not None:
        nn.set_seed(seed)
        assert sorted(drawn) == sorted(draw(THREADS * EACH))
