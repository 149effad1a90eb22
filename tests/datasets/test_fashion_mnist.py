from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nnscratch.core.errors import DataError
from nnscratch.datasets import fashion, fashion_mnist

PARTS = {"train": 3, "t10k": 2}


@pytest.fixture
def make_folder(tmp_path, idx_bytes):
    """Writes the four files, tiny, whose every pixel is `tone`."""

    def make(name, tone=255, packed=True):
        folder = tmp_path / name
        folder.mkdir()
        for part, count in PARTS.items():
            arrays = {
                "images-idx3": np.full((count, 28, 28), tone, np.uint8),
                "labels-idx1": np.arange(count, dtype=np.uint8),
            }
            for kind, array in arrays.items():
                content = idx_bytes(array)
                path = folder / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
                path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
        return folder

    return make


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No data on this machine, and a closed port for a network."""
    monkeypatch.delenv(fashion.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(fashion, "URL", "http://127.0.0.1:9/")


def tone(data):
    (x_train, _), _ = data
    return x_train.max()


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_form(make_folder, packed):
    folder = make_folder("given", tone=51, packed=packed)
    (x_train, y_train), (x_test, y_test) = fashion_mnist(folder)
    assert x_train.shape == (3, 28, 28, 1)
    assert x_test.shape == (2, 28, 28, 1)
    assert x_train.dtype == np.float32
    assert y_train.dtype == np.int64
    np.testing.assert_array_equal(y_train, [0, 1, 2])
    np.testing.assert_array_equal(y_test, [0, 1])
    assert tone([(x_train, y_train), ()]) == np.float32(0.2)
    assert tone(fashion_mnist(folder, scale=False)) == 51


def test_places_are_looked_at_in_order(make_folder, monkeypatch, tmp_path):
    (tmp_path / "cache" / "nnscratch").mkdir(parents=True)
    make_folder("cache/nnscratch/fashion-mnist", tone=1)
    assert tone(fashion_mnist(scale=False)) == 1
    make_folder("debian", tone=2)
    assert tone(fashion_mnist(scale=False)) == 2
    monkeypatch.setenv(fashion.VARIABLE, str(make_folder("variable", tone=3)))
    assert tone(fashion_mnist(scale=False)) == 3
    assert tone(fashion_mnist(make_folder("given", tone=4), scale=False)) == 4
    monkeypatch.setenv(fashion.VARIABLE, "")
    assert tone(fashion_mnist(scale=False)) == 2


def test_the_cache_is_below_home_without_xdg(make_folder, monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cache" / "nnscratch").mkdir(parents=True)
    make_folder(".cache/nnscratch/fashion-mnist", tone=5)
    assert tone(fashion_mnist(scale=False)) == 5


@pytest.mark.parametrize("chosen", ["given", "variable", "debian"])
def test_a_chosen_folder_without_the_files_is_not_passed_over(
    chosen, make_folder, monkeypatch, tmp_path
):
    (tmp_path / "cache" / "nnscratch").mkdir(parents=True)
    make_folder("cache/nnscratch/fashion-mnist")
    folder = make_folder(chosen)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    if chosen == "variable":
        monkeypatch.setenv(fashion.VARIABLE, str(folder))
    with pytest.raises(DataError, match=f"{folder} holds neither t10k-labels-idx1-ubyte.gz nor"):
        fashion_mnist(folder if chosen == "given" else None)


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        ("train-labels-idx1", np.zeros(4, np.uint8), r"each of the 3 images in .* uint8 \(4,\)"),
        ("train-labels-idx1", np.zeros(3, np.int32), r"train-labels.* got int32 \(3,\)"),
        ("train-labels-idx1", np.array([0, 10, 1], np.uint8), r"labels 0\.\.9, got 10"),
        ("t10k-images-idx3", np.zeros((2, 8, 8), np.uint8), r"t10k-images.* got uint8 \(2, 8, 8"),
        ("t10k-images-idx3", np.zeros((2, 28, 28), np.float32), r"t10k-images.* got float32"),
    ],
)
def test_refuses_files_that_do_not_fit(make_folder, idx_bytes, file, array, message):
    folder = make_folder("given")
    (folder / f"{file}-ubyte.gz").write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(DataError, match=message):
        fashion_mnist(folder)


@pytest.fixture
def server(make_folder, monkeypatch):
    """Serves tiny files on this machine, with their checksums in place of the published ones."""
    folder = make_folder("served", tone=6)
    sums = {p.stem: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    assert sums.keys() == fashion.SHA256.keys()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as http:
        monkeypatch.setattr(fashion, "URL", f"http://127.0.0.1:{http.server_port}/")
        monkeypatch.setattr(fashion, "SHA256", sums)
        thread = threading.Thread(target=http.serve_forever, args=[0.01])
        thread.start()
        yield folder
        http.shutdown()
        thread.join()


def test_downloads_what_the_cache_lacks_once(server, monkeypatch, tmp_path):
    assert tone(fashion_mnist(scale=False)) == 6
    (tmp_path / "cache/nnscratch/fashion-mnist/t10k-images-idx3-ubyte.gz").unlink()
    (server / "train-images-idx3-ubyte.gz").unlink()
    assert tone(fashion_mnist(scale=False)) == 6
    monkeypatch.setattr(fashion, "URL", "http://127.0.0.1:9/")
    assert tone(fashion_mnist(scale=False)) == 6


def test_refuses_a_download_with_another_checksum(server, tmp_path):
    path = server / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"cannot download t10k-labels-idx1-ubyte: .*hash"):
        fashion_mnist()
    assert not (tmp_path / "cache/nnscratch/fashion-mnist" / path.name).exists()


@pytest.mark.parametrize("reason", ["no pooch", "cannot download"])
def test_out_of_reach_it_says_every_way_to_get_it(reason, monkeypatch):
    if reason == "no pooch":
        monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match=reason) as raised:
        fashion_mnist()
    for way in ("dataset-fashion-mnist", fashion.VARIABLE, "nnscratch[data]", fashion.URL):
        assert way in str(raised.value)


@pytest.mark.data
def test_debians_files_are_fashion_mnist():
    (x_train, y_train), (x_test, y_test) = fashion_mnist("/usr/share/datasets/fashion-mnist")
    assert x_train.shape == (60000, 28, 28, 1)
    assert x_test.shape == (10000, 28, 28, 1)
    np.testing.assert_array_equal(np.bincount(y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [1000] * 10)
    # The mean and standard deviation that everybody normalises with.
    assert x_train.mean(dtype=np.float64) == pytest.approx(0.2860, abs=5e-5)
    assert x_train.std(dtype=np.float64) == pytest.approx(0.3530, abs=5e-5)
    assert fashion.CLASS_NAMES[y_train[0]] == "Ankle boot"
