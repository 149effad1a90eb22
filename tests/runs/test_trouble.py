"""Files that cannot be read or written: what is the matter, with which of them, and the way on."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

import nnscratch as nn
from nnscratch.runs.archive import LOG
from nnscratch.runs.folder import LOST
from nnscratch.runs.log import Log
from nnscratch.runs.manifest import ARRAYS, FILE
from tests.nets import assert_same_bits, conv_net, everything
from tests.runs.test_replay import record
from tests.runs.trainings import X, Y, fit

CHECKPOINT = "checkpoints/step-000004.safetensors"


def refuse_reading(path):
    """A link to itself cannot be opened, not even by the system's administrator."""
    path.unlink()
    path.symlink_to(path)


# -- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [LOG, ARRAYS])
@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (refuse_reading, "cannot be read .*Too many levels .*; make it readable, or put a copy"),
        (os.unlink, "is missing; put a copy of it in its place, or record anew in another folder"),
    ],
)
def test_file_that_there_is_only_once(tmp_path, file, trouble, message):
    record(tmp_path, conv_net())
    trouble(tmp_path / file)
    with pytest.raises(nn.RunError, match=rf"{file}: {message}"):
        nn.Run.open(tmp_path)


def test_folder_that_cannot_be_entered(tmp_path, monkeypatch):
    def deny(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    record(tmp_path, conv_net())
    monkeypatch.setattr("nnscratch.runs.manifest.Path.exists", deny)
    with pytest.raises(nn.RunError, match=rf"{FILE}: cannot be read .*Permission denied"):
        nn.Run.open(tmp_path)


def test_checkpoint_that_cannot_be_read(tmp_path):
    run, _ = record(tmp_path, conv_net(), every=4)
    refuse_reading(tmp_path / CHECKPOINT)
    expected = rf"{CHECKPOINT}: cannot be read .*Too many levels.*remove it: the checkpoint before"
    with pytest.raises(nn.RunError, match=expected):
        run.step(5)
    (tmp_path / CHECKPOINT).unlink()
    assert run.step(5).index == 5


def test_checkpoint_under_another_name(tmp_path):
    run, _ = record(tmp_path, conv_net(), every=4)
    path = tmp_path / CHECKPOINT
    path.rename(path.with_name("step-000005.safetensors"))
    with pytest.raises(nn.RunError, match=r"05\.safetensors: was taken before step 4, not 5") as e:
        run.step(6)
    assert e.value.__notes__ == ["remove it: the checkpoint before it serves in its place"]
    path.with_name("step-000009.safetensors").rename(path.with_name("step-000010.safetensors"))
    with pytest.raises(nn.RunError, match=r"10\.safetensors: was taken before step 9, not 10"):
        nn.Run.open(tmp_path)


def test_damage_without_a_remedy_names_the_only_one(tmp_path):
    record(tmp_path, conv_net())
    (tmp_path / "checkpoints/step-000000.safetensors").write_bytes(b"")
    with pytest.raises(nn.NNError, match="damaged") as caught:
        nn.Run.open(tmp_path, data=(X, Y)).step(1)
    assert caught.value.__notes__ == [LOST]


def test_run_that_was_moved(tmp_path):
    run, _ = record(tmp_path / "run", conv_net())
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(nn.RunError, match=r"/run: is there no longer; .*open it where it is now"):
        run.step(3)
    with pytest.raises(nn.RunError, match=r"/run: holds no run, .* moved, open it where it is now"):
        run.resume(verbose=0)
    assert not (tmp_path / "run").exists()
    assert nn.Run.open(tmp_path / "moved", data=(X, Y)).step(3).index == 3


def test_data_that_are_refused_name_the_folder(tmp_path):
    record(tmp_path, conv_net())
    for data in ((X * 2, Y), (X, Y, Y)):
        with pytest.raises(nn.RunError, match=f"^{tmp_path}: "):
            nn.Run.open(tmp_path, data=data)
    with pytest.raises(nn.RunError, match=f"^{tmp_path}: the run's data are needed"):
        nn.Run.open(tmp_path).step(0)


# -- writing --------------------------------------------------------------------------------------


class At(nn.Callback):
    """Does something behind a step."""

    def __init__(self, step, deed):
        self.step, self.deed = step, deed

    def on_train_batch_end(self, batch, logs=None):
        if self.model.iteration == self.step:
            self.deed()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_read_only_folder(tmp_path, monkeypatch, code):
    def deny(*_):
        raise OSError(code, os.strerror(code))

    model = conv_net()
    with monkeypatch.context() as patch:
        patch.setattr(Log, "__init__", deny)
        with pytest.raises(nn.RunError, match="so nothing is trained; let it be written to, or c"):
            fit(model, nn.Run(tmp_path))
    record(tmp_path, model)
    before, files = everything(model), sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(Log, "__init__", deny)
    expected = (
        r"What was recorded is whole: let it be written to, or copy it elsewhere.*\.resume\(\)"
    )
    with pytest.raises(nn.RunError, match=expected):
        nn.Run.open(tmp_path, model, (X, Y)).resume(verbose=0)
    assert_same_bits(everything(model), before)
    assert sorted(tmp_path.rglob("*")) == files


def test_folder_that_is_moved_while_it_is_recorded_in(tmp_path):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    with pytest.raises(nn.RunError, match=r"was moved or removed, and the training ends here"):
        fit(conv_net(), At(5, lambda: folder.rename(elsewhere)), nn.Run(folder, every=2))
    assert not folder.exists()
    run = nn.Run.open(elsewhere, data=(X, Y))
    assert len(run.resume(verbose=0).epoch) == 3


def test_folder_that_is_removed_while_it_is_recorded_in(tmp_path):
    with pytest.raises(nn.RunError, match=r"was moved or removed, and the training ends here"):
        fit(conv_net(), At(5, lambda: shutil.rmtree(tmp_path)), nn.Run(tmp_path, every=2))


def test_log_that_is_removed_while_it_is_written(tmp_path):
    with pytest.raises(nn.RunError, match=r"was removed: '.*log\.jsonl'"):
        fit(conv_net(), At(5, (tmp_path / LOG).unlink), nn.Run(tmp_path, every=2))
