"""Whatever is done to the files of a run: it is told, or it changes nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import nnscratch as nn
from nnscratch.runs.archive import LOG
from nnscratch.runs.manifest import ARRAYS, FILE
from nnscratch.training.weight_files import WeightFileError, save
from tests.backends import BACKEND
from tests.nets import conv_net
from tests.runs.trainings import BreakOffError, Interrupt, X, Y, fit


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run that broke off, with weights of rows and an array among the arguments of a layer."""
    folder = tmp_path_factory.mktemp("run")
    model = net()
    with pytest.raises(BreakOffError):
        fit(
            model,
            nn.ReduceLROnPlateau(patience=0),
            nn.Run(folder, every=3, keep=3),
            Interrupt("on_step", 7),
            sample_weight=np.linspace(1, 2, len(X)),
        )
    return folder


def net():
    x = nn.Input((6, 6, 1))
    kernel = np.linspace(-1, 1, 108).reshape(36, 3)
    y = nn.Dense(3, "softmax", kernel_initializer=kernel)(nn.Flatten()(nn.Dropout(0.5)(x)))
    model = nn.Model(x, y, backend=BACKEND, seed=1, store=nn.Store())
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def found_in(folder):
    """What a run tells: what happened, steps near two checkpoints, and how it goes on."""
    run = nn.Run.open(folder, data=(X, Y))
    told = [run.history, run.loss, run.step(1).loss, run.step(len(run.steps) - 1).loss]
    run.resume(nn.ReduceLROnPlateau(patience=0), verbose=0)
    values = {path: value.tobytes() for path, value in run.model.params.items()}
    return [*told, run.history, run.loss, values]


@pytest.fixture(scope="module")
def expected(original, tmp_path_factory):
    return found_in(copy_of(original, tmp_path_factory))


def copy_of(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "run"
    shutil.copytree(folder, copy)
    return copy


def damaged(content, flips, cut):
    """The content with some bits flipped, cut off at a share of its length."""
    changed = bytearray(content)
    for place, bit in flips:
        changed[int(place * len(changed))] ^= 1 << bit
    return bytes(changed[: round(cut * len(changed))])


shares = st.floats(0, 1, exclude_max=True)
flips = st.lists(st.tuples(shares, st.integers(0, 7)), max_size=3)
cuts = st.just(1.0) | st.floats(0, 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=shares, flips=flips, cut=cuts)
def test_flipped_and_cut_files(original, expected, tmp_path_factory, which, flips, cut):
    folder = copy_of(original, tmp_path_factory)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[int(which * len(files))]
    path.write_bytes(damaged(path.read_bytes(), flips, cut))
    try:
        found = found_in(folder)
    except (nn.RunError, WeightFileError):
        return
    if path.name == LOG:  # less of the last steps may be known, as after a kill
        assert found[4:] == expected[4:]
    else:
        assert found == expected
    shutil.rmtree(folder)


def flip(path, place):
    """Flip a bit of a byte."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (FILE, b'"seed": 1', r"run\.json: damaged or changed since it was written"),
        (ARRAYS, None, "is damaged, its checksum is wrong"),
        (LOG, b'"loss": ', r"log\.jsonl: line 2 is damaged"),
        ("checkpoints/step-000006.safetensors", None, "is damaged, its checksum is wrong"),
        ("checkpoints/step-000006.safetensors", b"learning_rate", "header is damaged"),
    ],
)
def test_one_bit_is_told(original, tmp_path_factory, file, text, message):
    """Of the last character of a text, or of the last number of a file."""
    path = copy_of(original, tmp_path_factory) / file
    flip(path, -1 if text is None else path.read_bytes().index(text) + len(text) - 1)
    with pytest.raises((nn.RunError, WeightFileError), match=message):
        nn.Run.open(path.parent.parent if "/" in file else path.parent, data=(X, Y)).step(6)


def test_other_arrays_under_the_same_names(original, tmp_path_factory):
    path = copy_of(original, tmp_path_factory) / ARRAYS
    arrays = load_file(path)
    save(path, {name: array + 1 for name, array in arrays.items()}, {})
    with pytest.raises(WeightFileError, match="is damaged, its digest is wrong"):
        nn.Run.open(path.parent)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (FILE, r"holds no run, run\.json is missing"),
        (ARRAYS, r"arrays\.safetensors: is missing"),
        (LOG, r"log\.jsonl: is missing"),
        ("checkpoints/step-000006.safetensors", "was cut off, damaged or replaced|no checkpoint"),
    ],
)
def test_missing_files(original, tmp_path_factory, file, message):
    folder = copy_of(original, tmp_path_factory)
    (folder / file).unlink()
    if file.startswith("checkpoints"):
        assert nn.Run.open(folder, data=(X, Y)).step(6).index == 6  # from the one before
        return
    with pytest.raises(nn.RunError, match=message):
        nn.Run.open(folder, data=(X, Y))


def rewritten(folder, change):
    """The manifest, changed by somebody who knows how its digest is made."""
    from nnscratch.runs.manifest import _digest

    body = json.loads((folder / FILE).read_text())
    del body["digest"]
    change(body)
    (folder / FILE).write_text(json.dumps({**body, "digest": _digest(body)}))


def test_nothing_in_a_manifest_is_executed(original, tmp_path_factory):
    folder = copy_of(original, tmp_path_factory)
    made = Path(tmp_path_factory.mktemp("made")) / "file"
    evil = {"class": "pathlib.Path.touch", "config": {"self": str(made)}}
    rewritten(folder, lambda body: body["model"]["layers"].update(dense=evil))
    with pytest.raises(nn.RunError, match=r"'pathlib\.Path\.touch' is no layer of nnscratch"):
        nn.Run.open(folder, data=(X, Y)).step(1)
    assert not made.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.update(format=2), "expected format 1, got 2"),
        (lambda body: body.update(run="other"), "is a checkpoint of another run"),
        (lambda body: body["plan"].update(batch_size=4), "was recorded with the loss"),
        (lambda body: body["model"].update(seed=2), "was recorded with the loss"),
    ],
)
def test_manifest_that_was_forged(original, tmp_path_factory, change, message):
    folder = copy_of(original, tmp_path_factory)
    rewritten(folder, change)
    with pytest.raises(nn.RunError, match=message):
        nn.Run.open(folder, data=(X, Y)).step(4)


def places(value, place=()):
    """Every place in nested lists and mappings."""
    yield place
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*place, key))


values = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.floats(), st.text(max_size=3), st.just([])
) | st.dictionaries(st.sampled_from(["class", "config", "array", "layer", "shape"]), st.text())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(which=shares, value=values | st.just("remove"))
def test_any_place_of_a_manifest_may_be_forged(original, tmp_path_factory, which, value):
    """It is told by an error of nnscratch's own, or it does not matter."""
    folder = copy_of(original, tmp_path_factory)

    def change(body):
        found = [place for place in places(body) if place and place[0] != "environment"]
        *way, last = found[int(which * len(found))]
        for key in way:
            body = body[key]
        if value == "remove":
            del body[last]
        else:
            body[last] = value

    rewritten(folder, change)
    with contextlib.suppress(nn.NNError):
        run = nn.Run.open(folder, data=(X, Y))
        run.step(4)
        repr((run, run.differences, run.model))
        run.resume(nn.ReduceLROnPlateau(patience=0), verbose=0)
    shutil.rmtree(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"format": 1}', '{"digest": 1}'])
def test_manifest_of_something_else(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(nn.RunError, match=r"run\.json: (damaged|expected format)"):
        nn.Run.open(tmp_path)


def test_folder_without_a_run(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(nn.RunError, match=r"holds no run, run\.json is missing"):
            nn.Run.open(folder)


def test_damaged_checkpoint_can_be_done_without(original, tmp_path_factory):
    folder = copy_of(original, tmp_path_factory)
    path = folder / "checkpoints" / "step-000006.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightFileError, match="cut off") as caught:
        nn.Run.open(folder, data=(X, Y))
    assert caught.value.__notes__[0].startswith("remove it: the checkpoint before it serves")
    path.unlink()
    assert found_in(folder)[0] == nn.Run.open(original).history


def test_checkpoint_of_another_run(original, tmp_path):
    fit(conv_net(), nn.Run(tmp_path, every=3))
    name = "checkpoints/step-000003.safetensors"
    shutil.copy(original / name, tmp_path / name)
    with pytest.raises(nn.RunError, match="is a checkpoint of another run"):
        nn.Run.open(tmp_path, data=(X, Y)).step(4)
