from __future__ import annotations

import subprocess
import sys

import pytest

import nnscratch as nn
from nnscratch import cli
from nnscratch.cli import main
from nnscratch.studies import registry


def output_of(*words: str) -> str:
    command = [sys.executable, "-m", "nnscratch", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_runs_as_a_module() -> None:
    assert output_of("--version") == f"nnscratch {nn.__version__}\n"


def test_lists_the_studies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names, titles = zip(*(line.split(maxsplit=1) for line in lines), strict=True)
    assert names == tuple(registry.names())
    assert len({len(line) - len(title) for line, title in zip(lines, titles, strict=True)}) == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["study", "zeroinit"], "did you mean 'zero-init'?"),
        (["study", "zero-init", "--backend", "numpie"], "did you mean 'numpy'?"),
        (["gradcheck", "Desne"], "known: "),
    ],
)
def test_errors_are_one_line(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, error = capsys.readouterr()
    assert error.startswith("nnscratch: unknown ")
    assert hint in error
    assert error.count("\n") == 1
    assert "Traceback" not in out + error


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["study"],
        ["study", "zero-init", "--seed", "-1"],
        ["watch", "x", "--port", "65536"],
        ["x"],
    ],
)
def test_words_that_make_no_command_are_an_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: nnscratch" in capsys.readouterr().err


def test_ctrl_c_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "list_studies", interrupt)
    assert main(["studies"]) == 130
    assert capsys.readouterr().err == "nnscratch: interrupted\n"


def test_checks_the_gradients_of_the_layers_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradcheck", "dense", "ReLU", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "Dense" in out
    assert "ReLU" in out
    assert "Conv2D" not in out


def test_a_gradient_that_fails_is_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Tanh, "backward", nn.Linear.backward)
    assert main(["gradcheck", "Tanh", "--backend", "numpy"]) == 1
