"""The guides' programs run, their numbers are findings, and their pictures are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.printed import labels

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = sorted(DOCS.glob("*.md"))
FILL = DOCS / "fill.py"


def test_there_are_guides() -> None:
    assert GUIDES


def test_numbers_are_those_that_were_found() -> None:
    check = subprocess.run([sys.executable, FILL, "--check"], capture_output=True, text=True)
    assert check.stdout == ""
    assert check.returncode == 0, check.stderr


def test_a_number_that_was_not_found_is_named(tmp_path: Path) -> None:
    for name in ("fill.py", "frozen-accuracy.md"):
        (tmp_path / name).write_text((DOCS / name).read_text().replace(">0.4473<", ">0.5<"))
    (tmp_path / "results").symlink_to(DOCS / "results")
    command = [sys.executable, tmp_path / "fill.py"]
    check = subprocess.run([*command, "--check"], capture_output=True, text=True)
    assert check.returncode == 1
    assert "frozen-accuracy.md: its numbers are not the findings" in check.stdout
    subprocess.run(command, check=True, capture_output=True)
    filled = (tmp_path / "frozen-accuracy.md").read_text()
    assert filled == (DOCS / "frozen-accuracy.md").read_text()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_pictures_and_links_lead_somewhere(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_programs_print_what_the_guide_shows(
    guide: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    text = guide.read_text()
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, guide.name, "exec"), names)
    printed = labels(capsys.readouterr().out)
    for shown in re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL):
        assert labels(shown) <= printed
