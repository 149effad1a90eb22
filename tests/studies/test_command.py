"""`nnscratch study`, on a toy."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import nnscratch as nn
from nnscratch import plots
from nnscratch.cli import main
from nnscratch.studies import runner
from nnscratch.studies.study import Claim, Results
from tests.studies import toy_study


class Loads(HTMLParser):
    """Collects the tags of a page, and everything that it would load or point to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


def run(name: str, out: Path, *options: str) -> int:
    return main(["study", name, "--backend", "numpy", "--out", str(out), *options])


def test_writes_its_findings(toy: str, tmp_path: Path) -> None:
    assert run(toy, tmp_path, "--seed", "3") == 0
    found = json.loads((tmp_path / "findings.json").read_text())
    assert set(found) == {
        *("study", "source", "seed", "scale", "backend", "machine", "variants", "claims")
    }
    assert (found["study"], found["seed"], found["backend"]) == ("toy", 3, "numpy")
    assert found["machine"]["numpy"]
    (variant,) = found["variants"]
    assert variant["name"] == "zeros & co"
    assert variant["measurements"]["updates"] == 45
    assert variant["measurements"]["bad"] is None
    assert found["claims"] == [
        {
            "claim": "A gradient is exactly 0 <forever>",
            "measured": 0.0,
            "expected": "== 0",
            "holds": True,
        }
    ]


def test_the_report_stands_alone(toy: str, tmp_path: Path) -> None:
    run(toy, tmp_path)
    html = (tmp_path / "report.html").read_text()
    page = Loads(html)
    assert page.targets
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(" not in html
    assert "@import" not in html
    for text in ("Does <it> work?", "A gradient is exactly 0 <forever>", "zeros & co", "Give up."):
        assert text in page.text
    for text in ("Steps", "<step>", "1 & 2", "A <note>."):
        assert text in page.text
    assert "<p>It does.</p><p>And &lt;how&gt;.</p>" in html
    assert "nnscratch study toy --backend numpy --seed 0 --scale small" in page.text
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")


def test_a_claim_that_fails_is_the_exit_status(
    toy: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nn.initializers.Zeros, "_fill", nn.initializers.Constant(0.1)._fill)
    assert run(toy, tmp_path) == 1
    (claim,) = json.loads((tmp_path / "findings.json").read_text())["claims"]
    assert claim["measured"] > 0
    assert not claim["holds"]
    assert "NO" in capsys.readouterr().out
    assert "0 of 1 hold" in (tmp_path / "report.html").read_text()


def test_seeds_get_a_folder_each_and_one_table(
    toy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(toy, tmp_path, "--seed", "0", "1", "2") == 0
    for seed in (0, 1, 2):
        found = json.loads((tmp_path / f"seed-{seed}" / "findings.json").read_text())
        assert found["seed"] == seed
    out = capsys.readouterr().out
    assert all(f"seed {seed}" in out for seed in (0, 1, 2))
    assert not (tmp_path / "findings.json").exists()


def test_one_seed_that_fails_fails_all(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = iter((0, 1, 2))

    def claims(results: Results) -> list[Claim]:
        return [Claim("The seed is not 1", abs(next(seeds) - 1), "> 0")]

    monkeypatch.setattr(toy_study, "STUDY", replace(toy_study.STUDY, claims=claims))
    assert run(toy, tmp_path, "--seed", "0", "1", "2") == 1


def test_repeats_to_the_bit(toy: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        run(toy, tmp_path / folder, "--seed", "7")
    contents = [(tmp_path / folder / "findings.json").read_text() for folder in ("a", "b")]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("width", [80, 120])
def test_fits_the_terminal(
    toy: str,
    width: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(tmp_path)
    run(toy, Path("out"), "--seed", "0", "1", "2")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert "[" not in "".join(lines)  # neither markup nor escapes


def test_runs_without_matplotlib_and_says_so(
    toy: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plots, "available", lambda: False)
    assert run(toy, tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.json", "report.html"]
    for text in (capsys.readouterr().out, (tmp_path / "report.html").read_text()):
        assert "nnscratch[plot]" in text


def test_ctrl_c_while_measuring_writes_nothing(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(nn.Model, "apply", interrupt)
    assert run(toy, tmp_path / "out") == 130
    assert not (tmp_path / "out").exists()


def test_ctrl_c_while_writing_leaves_no_half_file(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(toy, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    class Interrupted:
        """Ctrl-C when the report is half through."""

        def __init__(self, path: Path) -> None:
            self.real = real(path)
            self.is_report = path.name == "report.html"

        def __enter__(self) -> Interrupted:
            self.file = self.real.__enter__()
            return self

        def write(self, content: bytes) -> None:
            self.file.write(content[: len(content) // 2])
            if self.is_report:
                raise KeyboardInterrupt
            self.file.write(content[len(content) // 2 :])

        def __exit__(self, *error: object) -> object:
            return self.real.__exit__(*error)

    real = runner.replacing
    monkeypatch.setattr(runner, "replacing", Interrupted)
    assert run(toy, tmp_path, "--seed", "1") == 130
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(after) == set(before)
    assert after["report.html"] == before["report.html"]
    assert after["findings.json"] == before["findings.json"]


def test_a_folder_that_cannot_be_made_is_one_line(
    toy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(toy, tmp_path / "file") == 2
    assert capsys.readouterr().err.startswith("nnscratch: ")


def test_the_default_folder_is_the_studys_own(
    toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", toy, "--backend", "numpy"]) == 0
    assert (tmp_path / "results" / "toy" / "findings.json").exists()
