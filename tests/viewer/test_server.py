"""The page of a run that is being trained."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import nnscratch as nn
from nnscratch.cli import main
from nnscratch.viewer.server import LOOPBACK, Server, Watch
from tests.backends import BACKEND
from tests.viewer.recorded import broken_off, digits_net, record, serving
from tests.viewer.test_recording import unpacked

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> nn.Run:
    return broken_off(tmp_path / "run", nn.Recorder(every=4), nn.Ledger())


@pytest.fixture
def server(run: nn.Run):
    with serving(run) as found:
        yield found


def ask(server: Server, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, version and body of an answer."""
    try:
        with urlopen(Request(server.url + path, headers=headers)) as answer:
            return answer.status, answer.headers["X-Version"], answer.read().decode()
    except HTTPError as error:
        return error.code, "", error.read().decode()


def test_it_serves_the_page_and_the_document(server):
    status, _, html = ask(server, "")
    assert status == 200
    assert "connect-src 'self'" in html
    assert "data-live" in html
    status, _, body = ask(server, "document")
    told = json.loads(body)
    assert (status, told["facts"]["steps"]) == (200, "12")
    assert unpacked(told["steps"]).tolist() == list(range(10))  # of the newest checkpoint
    assert set(told) >= {"tiles", "tracks", "health", "looks", "ledger", "images", "notes"}


def test_only_what_is_new_is_told(server, run):
    _, first, _ = ask(server, "document")
    assert ask(server, f"document?version={first}") == (204, "", "")
    with (run.folder / "log.jsonl").open("ab") as log:
        log.write(b'{"step": 12, "epo')  # a line that is being written
    assert ask(server, f"document?version={first}")[0] == 204
    nn.Run.open(run.folder).resume([nn.Recorder(every=4), nn.Ledger()], verbose=0)
    status, last, body = ask(server, f"document?version={first}")
    assert (status, json.loads(body)["facts"]["steps"]) == (200, "18")
    assert "tiles" in json.loads(body)
    begun, checkpoint, *_ = last.split("-")
    _, version, body = ask(server, f"document?version={begun}-{checkpoint}-11-1")
    assert version == last
    assert set(json.loads(body)) == {"facts", "course"}


def test_a_run_that_is_begun_anew_is_looked_at_anew(server, run):
    _, first, _ = ask(server, "document")
    shutil.rmtree(run.folder)
    status, _, body = ask(server, f"document?version={first}")
    assert status == 503
    assert "holds no run" in body
    record(run.folder, nn.Recorder(), model=digits_net(dtype="float64"))
    status, _, body = ask(server, f"document?version={first}")
    assert (status, json.loads(body)["made"]["computed by"]) == (200, f"{BACKEND}, float64")
    kernels = json.loads(body)["images"]["kernels"]["images"]["conv2d/kernel"]
    fresh = Watch(run.folder).since("")
    assert fresh is not None
    assert json.loads(fresh[1])["images"]["kernels"]["images"]["conv2d/kernel"] == kernels


def test_without_a_recorder_no_step_is_taken_again(tmp_path, monkeypatch):
    run = broken_off(tmp_path)
    monkeypatch.setattr(nn.Run, "step", None)
    found = Watch(run.folder).since("")
    assert found is not None
    told = json.loads(found[1])
    assert any("No Recorder listens" in note for note in told["notes"])
    assert "tracks" not in told
    assert len(unpacked(told["steps"])) == 12


def test_it_answers_this_machine_alone(server):
    assert server.server_address[0] == LOOPBACK == "127.0.0.1"
    assert ask(server, "document", Host="evil.example")[0] == 403
    assert ask(server, "", Host=f"evil.example:{server.server_port}")[0] == 403
    assert ask(server, "", Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize("path", ["run.json", "../run.json", "document/x", "%2e%2e/log.jsonl"])
def test_there_is_nothing_else(server, path):
    assert ask(server, path)[0] == 404


def test_a_folder_without_a_run(tmp_path, capsys):
    assert main(["watch", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_a_port_that_is_taken(server, run, capsys):
    assert main(["watch", str(run.folder), "--port", str(server.server_port)]) == 2
    assert "in use" in capsys.readouterr().err


def test_the_command_serves_until_ctrl_c(run):
    command = [sys.executable, "-m", "nnscratch", "watch", str(run.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split(" at ")[1].split(";")[0]
        assert urlopen(url + "document").status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
