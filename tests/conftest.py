from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings

from tests.cuda import summary

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for number, line in enumerate(summary.lines(terminalreporter.stats.get("passed", []))):
        if number == 0:
            terminalreporter.section("CUDA kernels")
        terminalreporter.line(line)
