"""Pages of the trainings of a study, on a toy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import nnscratch as nn
from nnscratch.cli import main
from nnscratch.studies import registry, runner
from nnscratch.studies.study import Setting, Variant
from nnscratch.viewer import page
from tests.studies.test_command import Loads
from tests.viewer.test_report import document_of

PAGE = "pages/00-zeros-co.html"


def study(name: str, out: Path, *options: str) -> int:
    return main(["study", name, "--backend", "numpy", "--out", str(out), *options])


def test_every_variant_has_a_page(toy: str, tmp_path: Path) -> None:
    assert study(toy, tmp_path / "plain") == 0
    assert study(toy, tmp_path / "out", "--pages") == 0
    assert {file.name for file in (tmp_path / "out" / "pages").iterdir()} == {Path(PAGE).name}
    document = document_of(tmp_path / "out" / PAGE)
    assert document["facts"]["steps"] == "45"
    assert {"tracks", "ledger", "images"} <= set(document)
    assert not any("Recorder" in note for note in document["notes"])
    html = (tmp_path / "out" / "report.html").read_text()
    assert PAGE in Loads(html).targets
    assert "--scale small --pages</pre>" in html
    plain, out = (tmp_path / name / "findings.json" for name in ("plain", "out"))
    assert plain.read_text() == out.read_text()  # who listens changes nothing


def test_nothing_is_kept_beside_pages(toy: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(runner.unfinished, "measure", None)
    assert study(toy, tmp_path, "--pages", "--scale", "full") == 0
    assert (tmp_path / PAGE).exists()


def test_a_variant_that_does_not_train_has_none(toy: str, tmp_path: Path) -> None:
    whole = registry.get(toy)
    found = runner.run(whole, Setting("numpy")).results["zeros & co"]
    still = Variant("zeros & co", "two zero layers", lambda setting: found)
    whole = dataclasses.replace(whole, variants=(still,))
    findings = runner.run(whole, Setting("numpy"), pages_in=tmp_path)
    assert findings.pages == {}
    assert not any(tmp_path.iterdir())


def test_a_diagnosis_has_the_page_of_its_training(toy: str, tmp_path: Path, capsys) -> None:
    file = tmp_path / "new" / "page.html"
    options = ["--backend", "numpy", "--budget", "0", "--report", str(file)]
    assert main(["doctor", "--example", toy, *options]) == 1
    assert f"Wrote {file}" in capsys.readouterr().out
    assert "<h1>toy, zeros &amp; co</h1>" in file.read_text()
    marks = document_of(file)["marks"]
    assert marks[0]["cause"] == "zero_or_constant_init"
    assert file.read_text().count('class="diagnosis"') == 1


@pytest.mark.parametrize("words", [["study"], ["doctor", "--example"]])
def test_without_plotly_nothing_is_trained(
    words: list[str], toy: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(page.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(nn.Model, "fit", None)
    option = ["--pages", "--out"] if words == ["study"] else ["--report"]
    assert main([*words, toy, *option, str(tmp_path / "x")]) == 2
    assert "pip install 'nnscratch[report]'" in capsys.readouterr().err
