"""Every layer, on every backend, keeps every rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nnscratch.testing.cases import CASES, Case
from nnscratch.testing.conformance import CHECKS
from nnscratch.testing.trial import Trial
from tests.backends import BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case: Case, check: Callable[[Trial], None], backend: str) -> None:
    check(Trial(case.layer, case.in_shapes, backend, case.training))
