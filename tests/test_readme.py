"""What README shows runs, and prints what README says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.printed import labels

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_blocks_run_one_after_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # they write files
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    printed = labels(capsys.readouterr().out)
    for shown in blocks("text"):
        assert labels(shown) <= printed


def test_folders_that_readme_names_exist():
    root = Path(__file__).parents[1]
    for name in re.findall(r"^\| `([\w/]+/)`", README, flags=re.MULTILINE):
        assert (root / name).is_dir(), name
