from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.cli import main
from nnscratch.core.arguments import ArgumentError
from nnscratch.viewer import page
from nnscratch.viewer.document import NOBODY, UNBOOKED, Narrator
from tests.runs.test_open import own
from tests.viewer.recorded import X, Y, digits_net, record, siamese
from tests.viewer.test_recording import unpacked


def told(run, diagnosis=None):
    """The document, as the page's program gets it."""
    return json.loads(json.dumps(Narrator(diagnosis).tell(run), allow_nan=False))


def within(html: str, name: str) -> str:
    """What lies in the page under a name."""
    (found,) = re.findall(rf'<script type="text/plain" id="{name}"[^>]*>([^<]*)<', html)
    return gzip.decompress(base64.b64decode(found)).decode()


def document_of(path: Path) -> dict[str, Any]:
    """What a page tells."""
    return json.loads(within(path.read_text(), "document"))


def test_everything_is_told(tmp_path):
    recorder, ledger = nn.Recorder(every=5), nn.Ledger()
    run = record(tmp_path, recorder, ledger, validation_split=0.25)
    document = told(nn.Run.open(tmp_path, data=(X, Y)))
    assert document["notes"] == []
    assert unpacked(document["steps"]).tolist() == run.steps
    np.testing.assert_array_equal(unpacked(document["course"]["loss"]), np.float32(run.loss))
    assert document["course"]["epochs"] == {"steps": run.epoch_ends, "logs": run.history}
    assert run.epoch_ends == [4, 9, 14]
    assert set(document["tracks"]) == set(recorder)
    assert set(document["health"]["calls"]) == set(recorder.calls)
    assert document["looks"]["steps"] == [look.step for look in recorder.looks]
    assert set(document["ledger"]["sums"]) == set(ledger.entries)
    assert document["images"]["maps"]["steps"] == run.checkpoints
    assert document["made"]["optimizer"] == "Adam, learning rate 0.001"


def test_the_page_is_whole_and_asks_for_nothing(tmp_path):
    run = record(tmp_path, nn.Recorder())
    path = nn.report(run)
    assert path == tmp_path / "report.html"
    html = path.read_text()
    assert unpacked(document_of(path)["steps"]).tolist() == run.steps
    assert "Plotly" in within(html, "plotly")
    assert "default-src 'none'" in html
    assert "connect-src 'none'" in html
    outside = re.sub(r"http://www.w3.org/2000/svg", "", html)
    assert not re.search(r"https?://|//cdn|@import|<link|<img|<iframe", outside)


def test_one_of_several_recorders_is_given(tmp_path):
    recorders = [nn.Recorder(every=None), nn.Recorder(select="dense")]
    run = record(tmp_path, *recorders, nn.Ledger(), nn.Ledger())
    notes = told(run)["notes"]
    assert any("had 2 callbacks Recorder" in note for note in notes)
    path = nn.report(run, recorder=recorders[1], ledger=nn.Ledger())
    assert set(document_of(path)["tracks"]) == set(recorders[1])
    assert document_of(path)["notes"] == []


def test_names_are_escaped(tmp_path):
    run = record(tmp_path / "a<b>", nn.Recorder())
    assert "<h1>a&lt;b&gt;</h1>" in nn.report(run, tmp_path / "page.html").read_text()


def test_where_nobody_listened_steps_are_taken_again(tmp_path):
    run = record(tmp_path)
    document = told(run)
    assert document["notes"] == [NOBODY, UNBOOKED]
    assert unpacked(document["steps"]).tolist() == [0, 5, 10, 15]  # 18 is behind the last one
    assert document["looks"]["steps"] == [0, 5, 10, 15]
    mean = unpacked(document["tracks"]["conv2d/kernel"]["gradient"])[0]
    expected = [float(run.step(step).gradient("conv2d/kernel").mean()) for step in (0, 5, 10, 15)]
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-9)


def test_without_data_there_is_what_was_recorded(tmp_path):
    x = np.random.default_rng(0).random((96, 8, 8, 1), np.float32)
    record(tmp_path / "seen", nn.Recorder(), x=x)
    document = told(nn.Run.open(tmp_path / "seen"))
    (data, ledger) = document["notes"]
    assert "give them: nn.Run.open(" in data
    assert ledger == UNBOOKED
    assert (document["caches"], document["images"]["maps"]["steps"]) == ({}, [])
    assert document["images"]["kernels"]["steps"]
    assert document["tracks"]
    record(tmp_path / "unseen", x=x)
    document = told(nn.Run.open(tmp_path / "unseen"))
    assert "tracks" not in document
    assert len(unpacked(document["steps"])) == 18  # the curves are there


def test_parts_of_your_own_are_missed_and_told(tmp_path):
    targets = nn.to_categorical(np.arange(17) % 3, 3)
    x = np.zeros((17, 6, 6, 1), np.float32)
    record(tmp_path, nn.Recorder(), model=own(), x=x, y=targets)
    document = told(nn.Run.open(tmp_path))
    assert "Twice" in document["notes"][0]
    assert "tiles" not in document
    assert len(unpacked(document["course"]["loss"])) == 6
    document = told(nn.Run.open(tmp_path, model=own(), data=(x, targets)))
    assert {tile["kind"] for tile in document["tiles"]} >= {"Twice"}


def test_networks_of_several_inputs(tmp_path):
    pairs, same = [X, X[::-1].copy()], np.float32(Y[::-1] == Y)[:, None]
    run = record(tmp_path, nn.Recorder(), model=siamese(), x=pairs, y=same)
    document = told(run)
    assert set(document["images"]["maps"]["images"]) >= {"left", "right", "embedder/conv2d#1"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_are_none_are_told(tmp_path):
    model = digits_net()
    model.compile(nn.SGD(1e30), "sparse_categorical_crossentropy")
    document = told(record(tmp_path, nn.Recorder(), nn.Ledger(), model=model, epochs=1))
    assert not np.isfinite(unpacked(document["course"]["loss"])).all()
    signs = unpacked(document["health"]["calls"]["conv2d#0"])
    assert document["health"]["signs"][signs[-1]]["text"] == "has NaN or infinite entries"


def test_findings_are_marked(tmp_path):
    model = digits_net()
    model.set_weights({"dense/kernel": 0 * model.params["dense/kernel"]})
    doctor = nn.Doctor()
    run = record(tmp_path, nn.Recorder(), doctor, model=model)
    document = told(run, doctor.diagnosis)
    assert [mark["cause"] for mark in document["marks"]] == [
        finding.cause for finding in doctor.diagnosis.findings
    ]
    html = nn.report(run, diagnosis=doctor.diagnosis).read_text()
    assert html.count('class="diagnosis"') == 1


@pytest.mark.parametrize(
    ("run", "options", "message"),
    [
        ("runs/digits", {}, r"report run: expected a run: nn\.Run\.open"),
        (None, {"diagnosis": "dead_relu"}, "report diagnosis: expected a diagnosis"),
        (None, {"recorder": nn.Ledger()}, r"report recorder: expected an nn\.Recorder"),
        (None, {"ledger": nn.Recorder()}, r"report ledger: expected an nn\.Ledger"),
    ],
)
def test_other_arguments_are_refused(tmp_path, run, options, message):
    with pytest.raises(ArgumentError, match=message):
        nn.report(run or nn.Run(tmp_path / "run"), **options)


def test_without_plotly_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(page.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(nn.NNError, match=r"pip install 'nnscratch\[report\]'"):
        nn.report(nn.Run(tmp_path / "run"))


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(nn.RunError, match="nothing is recorded yet"):
        nn.report(nn.Run(tmp_path / "run"))


def test_the_command_writes_the_page(tmp_path, capsys):
    record(tmp_path / "run", nn.Recorder())
    assert main(["report", str(tmp_path / "run"), "--out", str(tmp_path / "page.html")]) == 0
    assert "page.html, 2." in capsys.readouterr().out
    assert not (tmp_path / "run" / "report.html").exists()
    assert 'class="diagnosis"' not in (tmp_path / "page.html").read_text()
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_the_command_diagnoses(tmp_path):
    record(tmp_path, nn.Recorder(), x=X.copy())
    assert main(["report", str(tmp_path), "--diagnose"]) == 0
    assert 'class="diagnosis"' in (tmp_path / "report.html").read_text()
