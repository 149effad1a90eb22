"""The table of a network."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND
from tests.nets import conv_net


def shown(model, capsys):
    model.summary()
    return capsys.readouterr().out.splitlines()


def row(lines, key):
    """The cells of a row."""
    (line,) = (line for line in lines if line.split()[:1] == [key])
    return line.split()


def test_every_call_has_a_row_with_shape_and_weights(capsys):
    model = conv_net()
    lines = shown(model, capsys)
    assert row(lines, "input") == ["input", "(N,", "6,", "6,", "1)"]
    assert row(lines, "conv2d")[-2:] == ["40", "input"]
    assert row(lines, "batch_normalization")[-2:] == ["16", "conv2d/elu"]
    for key in model.graph.paths.values():
        assert row(lines, key)


def test_counts_tell_what_is_trained_frozen_and_state(capsys):
    model = conv_net()
    total = sum(weight.size for weight in model.get_weights())
    text = shown(model, capsys)[-1]
    assert text.startswith(f"{total:,} weights: {total - 8:,} trained, 0 frozen, 8 state; float32")
    assert text.endswith(f"backend {BACKEND}, seed 3")
    model.freeze("conv2d")
    assert f"{total - 48:,} trained, 40 frozen, 8 state" in shown(model, capsys)[-1]


def test_shared_layer_counts_once(capsys):
    a, b, shared = nn.Input((3,), name="a"), nn.Input((3,), name="b"), nn.Dense(3)
    model = nn.Model([a, b], nn.Add()([shared(a), shared(b)]), backend=BACKEND, seed=0)
    lines = shown(model, capsys)
    assert row(lines, "dense#0")[-2:] == ["12", "a"]
    assert row(lines, "dense#1")[-2:] == ["shared", "b"]
    assert row(lines, "add")[-2:] == ["dense#0,", "dense#1"]
    assert lines[-1].startswith("12 weights: 12 trained")


@pytest.mark.parametrize("length", [5, 40, 120])
def test_table_fits_into_80_columns_and_keeps_every_name(length, capsys):
    name = "n" * length
    inner = nn.Sequential([nn.Input((1000,)), nn.Dense(1000, name=name)], name="block")
    outer = nn.Sequential([nn.Input((1000,)), inner, nn.ReLU()], name="net", backend=BACKEND)
    lines = shown(outer, capsys)
    assert max(map(len, lines)) <= 80
    assert "".join(lines).count("n" * min(length, 20)) >= 2


def test_notebook_view_is_the_same_table():
    html = conv_net()._repr_html_()
    assert "<table" in html
    assert html.count("<tr>") == 1 + 1 + 8  # the head, the input and the calls
    assert ">conv2d/elu</td>" in html
    assert "&lt;Sequential sequential&gt;" in html


def test_summary_changes_nothing(capsys):
    model = conv_net()
    before = model.get_weights()
    shown(model, capsys)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("exact", "batch", "forward"),
    [(True, 64, "direct"), (False, 64, "winograd4"), (False, 1, "direct")],
)
def test_algorithms_are_those_of_the_batch(exact, batch, forward, capsys):
    layers = [
        nn.Input((10, 10, 64)),
        nn.Conv2D(64, 3, name="plain"),
        nn.Conv2D(64, 3, groups=64, name="each"),
        nn.Flatten(),
        nn.Dense(3),
    ]
    nn.Sequential(layers, backend="numba", exact=exact, seed=0).summary(
        algorithms=True, batch=batch
    )
    lines = capsys.readouterr().out.splitlines()
    assert f"algorithms for a batch of {batch}, float32, backend numba" in lines
    rows = [line.split() for line in lines if " conv2d" in line]
    assert rows[0] == ["plain", "conv2d", forward]
    assert [row[1:] for row in rows[3:]] == [
        [op, "depthwise"] for op in ("conv2d", "conv2d_input_gradient", "conv2d_kernel_gradient")
    ]


def test_a_backend_with_one_algorithm_says_so(capsys):
    layers = [nn.Input((8, 8, 1)), nn.Conv2D(2, 3)]
    nn.Sequential(layers, backend="numpy", seed=0).summary(algorithms=True)
    assert "conv2d  conv2d_input_gradient   the only one" in capsys.readouterr().out


def test_a_layer_that_convolves_twice_says_so_twice(capsys):
    layers = [nn.Input((12, 12, 64)), nn.SeparableConv2D(64, 3, name="apart")]
    nn.Sequential(layers, backend="numba", exact=True, seed=0).summary(algorithms=True, batch=64)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " conv2d" in line]
    depthwise, pointwise = rows[:3], rows[3:]
    assert {row[2] for row in depthwise} == {"depthwise"}
    operations = ["conv2d", "conv2d_input_gradient", "conv2d_kernel_gradient"]
    assert [row[1] for row in depthwise] == [row[1] for row in pointwise] == operations
    assert "depthwise" not in {row[2] for row in pointwise}
