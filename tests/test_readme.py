"""What README shows runs, and prints what README says."""

from __future__ import annotations

import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_blocks_run_one_after_the_other(capsys):
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    (explained,) = blocks("text")
    labels = [line[:36].rstrip() for line in explained.splitlines()]
    assert labels == [
        line[:36].rstrip() for line in names["step"].explain(labels[0].split()[0]).splitlines()
    ]
    assert "passed" in printed


def test_folders_that_readme_names_exist():
    root = Path(__file__).parents[1]
    for name in re.findall(r"^\| `([\w/]+/)`", README, flags=re.MULTILINE):
        assert (root / name).is_dir(), name
