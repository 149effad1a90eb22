from __future__ import annotations

import numpy as np

from nnscratch.viewer import images
from nnscratch.viewer.images import LEVELS, NAN, Stations, album, of_kernel, of_output
from tests.viewer.recorded import X, record
from tests.viewer.test_recording import unpacked


def test_a_kernel_has_a_row_for_each_channel():
    kernel = np.arange(3 * 5 * 2 * 4).reshape(3, 5, 2, 4)
    found = of_kernel(kernel)
    assert found.shape == (2, 4, 3, 5)
    np.testing.assert_array_equal(found[1, 2], kernel[:, :, 1, 2])
    assert of_kernel(np.zeros((7, 100))).shape == (1, 1, 7, 64)


def test_large_outputs_are_thinned():
    y = np.arange(100 * 40 * 20).reshape(100, 40, 20)
    found = of_output(y)
    assert found.shape == (1, 8, 25, 10)
    np.testing.assert_array_equal(found[0, 3], y[::4, ::4, 3])
    assert of_output(np.zeros(10)).shape == (1, 1, 1, 10)


def test_shades_are_shares_of_the_largest_number():
    pages = {4: {"w": np.array([[[[0.0, -2.0]]]])}, 9: {"w": np.array([[[[np.nan, 1.0]]]])}}
    found = album(pages)
    own = found["images"]["w"]
    assert (found["steps"], own["limit"]) == ([4, 9], 2.0)
    assert unpacked(own["levels"]).ravel().tolist() == [0, -LEVELS, NAN, 64]


def test_zeros_and_no_pages():
    (own,) = album({0: {"w": np.zeros((1, 1, 2, 2))}})["images"].values()
    assert (own["limit"], unpacked(own["levels"]).any()) == (1.0, False)
    assert album({}) == {"steps": [], "images": {}}


def test_many_pixels_are_shown_at_fewer_steps(monkeypatch):
    monkeypatch.setattr(images, "PIXELS", 30)
    pages = {step: {"w": np.ones((1, 1, 2, 5))} for step in range(0, 100, 10)}
    assert album(pages)["steps"] == [0, 40, 90]


def test_stations_are_the_checkpoints_and_each_is_looked_at_once(tmp_path, monkeypatch):
    run = record(tmp_path)
    stations, asked = Stations(), []
    model_at = run.model_at
    monkeypatch.setattr(run, "model_at", lambda step: asked.append(step) or model_at(step))
    row = (X[:1].astype(np.float32),)
    found = stations.images(run, row)
    assert stations.images(run, row) == found
    assert asked == run.checkpoints == found["kernels"]["steps"] == [0, 5, 10, 15, 18]
    kernel = unpacked(found["kernels"]["images"]["conv2d/kernel"]["levels"])
    limit = found["kernels"]["images"]["conv2d/kernel"]["limit"]
    real = of_kernel(run.model.params["conv2d/kernel"])
    np.testing.assert_allclose(kernel[-1] * limit / LEVELS, real, atol=limit / LEVELS)
    seen = unpacked(found["maps"]["images"]["input"]["levels"])
    assert (seen == seen[0]).all()  # one row, at all steps
    assert set(found["maps"]["images"]) >= {"conv2d#0", "dense/softmax#0"}


def test_without_data_there_are_kernels_alone(tmp_path):
    found = Stations().images(record(tmp_path), None)
    assert found["maps"] == {"steps": [], "images": {}}
    assert found["kernels"]["steps"]
