from __future__ import annotations

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from safetensors.numpy import load_file, save_file

from nnscratch.training.atomic import replacing
from nnscratch.training.weight_files import WeightFileError, load, load_metadata, save

ARRAYS = {
    "conv2d/kernel": np.arange(18, dtype=np.float32).reshape(3, 3, 1, 2),
    "conv2d/bias": np.array([0.5, -0.5], np.float32),
}


def expected(arrays):
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.safetensors"
    save(path, ARRAYS, {"format": "test"})
    return path


class TestRoundTrip:
    def test_arrays_and_metadata(self, path):
        loaded = load(path, expected(ARRAYS))
        assert list(loaded) == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert loaded[name].dtype == array.dtype
            assert np.array_equal(loaded[name], array)
        assert load_metadata(path) == {"format": "test"}

    @settings(deadline=None, max_examples=30)
    @given(
        array=arrays_of.arrays(
            st.sampled_from([np.float32, np.float64]),
            arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        )
    )
    def test_any_array_in_any_layout(self, tmp_path_factory, array):
        path = tmp_path_factory.mktemp("weights") / "w"
        given_arrays = {"plain": array, "transposed": array.T, "reversed": np.flip(array)}
        save(path, given_arrays, {})
        for name, loaded in load(path, expected(given_arrays)).items():
            assert loaded.tobytes() == given_arrays[name].tobytes()
            assert loaded.shape == given_arrays[name].shape

    def test_equal_weights_make_equal_files(self, path):
        before = path.read_bytes()
        save(path, ARRAYS, {"format": "test"})
        assert path.read_bytes() == before

    def test_other_programs_can_read_it(self, path):
        assert np.array_equal(load_file(path)["conv2d/kernel"], ARRAYS["conv2d/kernel"])

    def test_files_of_other_programs_can_be_read(self, tmp_path):
        path = tmp_path / "theirs.safetensors"
        save_file(ARRAYS, path)
        assert np.array_equal(load(path, expected(ARRAYS))["conv2d/bias"], ARRAYS["conv2d/bias"])
        assert load_metadata(path) == {}


class TestRefusal:
    def test_every_difference_is_named(self, path):
        wanted = expected(ARRAYS) | {
            "conv2d/bias": ((3,), np.dtype(np.float32)),
            "conv2d_1/kernel": ((3, 3, 1, 2), np.dtype(np.float32)),
            "dense/kernel": ((2, 2), np.dtype(np.float32)),
        }
        del wanted["conv2d/kernel"]
        with pytest.raises(WeightFileError) as caught:
            load(path, wanted)
        lines = str(caught.value).splitlines()
        assert lines[0] == f"{path}: not the expected weights:"
        assert [line.strip() for line in lines[1:]] == [
            "conv2d/bias: expected (3,), got (2,)",
            "conv2d_1/kernel is missing (nearest: conv2d/kernel)",
            "dense/kernel is missing (nearest: conv2d/kernel)",
            "conv2d/kernel is unexpected (nearest: conv2d_1/kernel)",
        ]

    def test_dtype(self, path):
        wanted = {name: (array.shape, np.dtype(np.float64)) for name, array in ARRAYS.items()}
        with pytest.raises(WeightFileError, match="conv2d/bias: expected float64, got float32"):
            load(path, wanted)

    @pytest.mark.parametrize("length", [0, 4, 20, -70, -1])
    def test_cut_off(self, path, length):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(WeightFileError, match="damaged, cut off"):
            load(path, expected(ARRAYS))
        with pytest.raises(WeightFileError, match="damaged, cut off"):
            load_metadata(path)

    def test_a_flipped_bit_is_found_and_its_weight_named(self, path):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        last = list(load_file(path))[-1]
        with pytest.raises(WeightFileError, match=f"{last} is damaged, its checksum is wrong"):
            load(path, expected(ARRAYS))

    @pytest.mark.parametrize(
        "text", ['{"crc32": {}', "{}", "[]", "3", '{"metadata": {}, "crc32": 3}']
    )
    def test_broken_metadata(self, tmp_path, text):
        path = tmp_path / "weights.safetensors"
        save_file(ARRAYS, path, {"nnscratch": text})
        with pytest.raises(WeightFileError, match="header is damaged"):
            load(path, expected(ARRAYS))

    def test_not_a_file(self, tmp_path):
        with pytest.raises(WeightFileError, match="folder"):
            load(tmp_path, {})
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none", {})


class TestReplacing:
    """Whatever goes wrong, the old file is whole and no new one lies beside it."""

    def check_untouched(self, path):
        assert list(path.parent.iterdir()) == [path]
        load(path, expected(ARRAYS))

    def test_disk_full(self, path):
        larger = {"conv2d/kernel": np.zeros(100_000, np.float32)}
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                save(path, larger, {})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.check_untouched(path)

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_interrupted(self, path, monkeypatch, call):
        def interrupt(*args):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(os, call, interrupt)
            with pytest.raises(KeyboardInterrupt):
                save(path, {"other": np.zeros(3, np.float32)}, {})
        self.check_untouched(path)

    def test_error_while_writing(self, path):
        with pytest.raises(TypeError), replacing(path) as file:
            file.writelines([b"half", None])
        self.check_untouched(path)

    def test_content_reaches_the_disk_before_its_name_does(self, path, monkeypatch):
        events = []
        fsync, replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
        monkeypatch.setattr(os, "replace", lambda *a: (events.append("rename"), replace(*a)))
        save(path, ARRAYS, {})
        assert events == ["fsync", "rename", "fsync"]

    def test_a_link_keeps_pointing_at_the_file(self, path):
        link = path.with_name("latest")
        link.symlink_to(path.name)
        save(link, {"other": np.zeros(3, np.float32)}, {})
        assert link.is_symlink()
        assert list(load_file(path)) == ["other"]

    def test_what_is_no_file_is_not_replaced(self, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, tmp_path):
            with pytest.raises(OSError, match="something else than a file"):
                save(path, ARRAYS, {})
        assert pipe.is_fifo()
        assert list(tmp_path.iterdir()) == [pipe]

    def test_permissions_are_those_of_any_new_file(self, path):
        plain = path.with_name("plain")
        plain.touch()
        assert path.stat().st_mode == plain.stat().st_mode


def test_importing_it_does_not_import_safetensors():
    code = "import sys, nnscratch.training.weight_files; print('safetensors' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "False\n"
