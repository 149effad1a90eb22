from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings

from tests import switch
from tests.cuda import summary

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def pytest_addoption(parser: pytest.Parser) -> None:
    switch.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    switch.configure(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return switch.header(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    switch.deselect(config, items)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in switch.left_out(config):
        terminalreporter.line(line)
    for number, line in enumerate(summary.lines(terminalreporter.stats.get("passed", []))):
        if number == 0:
            terminalreporter.section("CUDA kernels")
        terminalreporter.line(line)
