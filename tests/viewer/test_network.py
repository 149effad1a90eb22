from __future__ import annotations

import numpy as np

import nnscratch as nn
from nnscratch.viewer.network import caches, tiles
from tests.backends import BACKEND
from tests.viewer.recorded import X, digits_net, siamese


def test_calls_stand_below_what_they_read():
    found = {tile["key"]: tile for tile in tiles(siamese().graph)}
    for tile in found.values():
        assert all(found[key]["place"][0] < tile["place"][0] for key in tile["inputs"])
    places = [tile["place"] for tile in found.values()]
    assert len(set(places)) == len(places)


def test_branches_stay_side_by_side():
    found = {tile["key"]: tile["place"] for tile in tiles(siamese().graph)}
    for number, name in enumerate(("left", "right")):
        assert found[name] == (0, number)
        assert found[f"embedder/conv2d#{number}"] == (1, number)
        assert found[f"embedder/conv2d/elu#{number}"] == (2, number)
    rows = {tile["key"]: tile["place"][0] for tile in tiles(siamese().graph)}
    assert rows["add#0"] == rows["hidden#0"] + 1 == rows["l1_distance#0"] + 2


def test_what_is_read_is_above_whatever_is_called_first():
    a, b = nn.Input((2,), name="a"), nn.Input((2,), name="b")
    behind_b, behind_a = nn.Dense(2, name="behind_b")(b), nn.Dense(2, name="behind_a")(a)
    model = nn.Model([a, b], nn.Add()([behind_b, behind_a]), backend=BACKEND, seed=0)
    found = {tile["key"]: tile["place"] for tile in tiles(model.graph)}
    assert found["behind_a#0"] == (1, 0)
    assert found["behind_b#0"] == (1, 1)


def test_a_tile_knows_its_call():
    (tile,) = [tile for tile in tiles(digits_net().graph) if tile["key"] == "conv2d#0"]
    assert tile["label"] == "conv2d"
    assert (tile["input_shapes"], tile["shape"]) == (["(N, 8, 8, 1)"], "(N, 6, 6, 4)")
    assert tile["weights"] == [
        {"path": "conv2d/kernel", "shape": [3, 3, 1, 4], "trainable": True},
        {"path": "conv2d/bias", "shape": [4], "trainable": True},
    ]
    assert "kernel_size=3" in tile["settings"]


def test_formulae_are_those_of_the_description():
    every = {
        tile["kind"]: dict(tile["sections"])
        for model in (digits_net(), siamese())
        for tile in tiles(model.graph)
        if tile["kind"] != "input"
    }
    for kind, sections in every.items():
        named = ", ".join(sections)
        assert all(word in named for word in ("Shapes", "Forward", "Backward", "Cache")), kind
    assert every["Conv2D"]["Forward"].startswith("y = bias + sum over the window")
    assert "Raises" not in every["Conv2D"]["Source"]
    backward = every["Conv2D"]["Backward"]
    assert backward.endswith("(a transposed convolution).")  # several lines


def test_caches_are_of_one_row():
    model = digits_net()
    found = caches(model.forward(X[:1].astype(np.float32), training=True))
    assert found["conv2d#0"] == [
        {"name": "x", "shape": ["N", 8, 8, 1], "dtype": "float32", "bytes": 256}
    ]
    assert set(found) == set(model.graph.keys.values())


def test_a_layer_without_a_description():
    class Bare(nn.Linear):
        __doc__ = None

    (_, tile) = tiles(nn.Sequential([nn.Input((2,)), Bare()], backend=BACKEND).graph)
    assert tile["sections"] == []
