"""The same seed gives the same bits: in any process, and with any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnscratch as nn
from nnscratch import seeds
from tests.nets import assert_same_bits, conv_net, everything, images

ROOT = Path(__file__).parent.parent
X, Y = images(40)

TRAIN = """
import hashlib, sys
from tests.nets import conv_net, everything, images

x, y = images(160, size=28)  # large enough to be cut into blocks for several threads
model = conv_net(sys.argv[1], size=28)
model.fit(x, y, batch_size=128, epochs=2, verbose=0)
digest = hashlib.sha256()
for place, array in sorted(everything(model).items()):
    digest.update(place.encode() + array.tobytes())
print(digest.hexdigest())
"""


def digest(backend, **environment):
    """A hash of weights, slots and iteration after two epochs in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", TRAIN, backend],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_numpy_repeats_itself_in_a_new_process():
    one, other = (digest("numpy", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert one == other


def test_numba_repeats_itself_with_any_number_of_threads():
    found = {
        digest("numba", NNSCRATCH_THREADS=str(threads), PYTHONHASHSEED=str(threads))
        for threads in (1, 2, 3)
    }
    assert len(found) == 1


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_same_seed_same_bits_and_another_seed_others(backend):
    models = [conv_net(backend, seed=seed) for seed in (5, 5, 6)]
    for model in models:
        model.fit(X, Y, epochs=2, verbose=0)
    one, same, other = (everything(model) for model in models)
    assert_same_bits(same, one)
    assert other["/params/dense/kernel"].tobytes() != one["/params/dense/kernel"].tobytes()


def test_set_seed_makes_later_models_repeatable(monkeypatch):
    monkeypatch.setattr(seeds, "_seeds", seeds._seeds)  # put back when this test is over

    def kernels(seed):
        nn.set_seed(seed)
        models = [conv_net(seed=None) for _ in range(2)]
        return [model.get_weights()[0].tobytes() for model in models]

    first = kernels(7)
    assert kernels(7) == first
    assert len(set(first + kernels(8))) == 4


def test_models_without_a_seed_differ_and_tell_it():
    one, other = conv_net(seed=None), conv_net(seed=None)
    assert one.seed != other.seed
    again = conv_net(seed=one.seed)
    for model in (one, again):
        model.fit(X, Y, verbose=0)
    assert_same_bits(everything(again), everything(one))


def test_dropout_draws_again_at_every_step():
    model = conv_net()
    masks = [model.train_step(X, Y)["dropout"].output == 0 for _ in range(2)]
    assert (masks[0] != masks[1]).any()


def test_layer_called_twice_draws_twice():
    x = nn.Input((50,))
    drop = nn.Dropout(0.5)
    model = nn.Model(x, nn.Concatenate()([drop(x), drop(x)]), backend="numpy", seed=0)
    tape = model.forward(X.reshape(40, 36).repeat(2, axis=1)[:, :50], training=True)
    assert ((tape["dropout#0"].output == 0) != (tape["dropout#1"].output == 0)).any()
