from __future__ import annotations

import math

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.plots import Bars, bars
from tests.backends import BACKEND
from tests.nets import conv_net, images


def read(axis) -> dict[str, tuple[float, str]]:
    """The length of each bar and the number beside it, by its label."""
    labels = [text.get_text() for text in axis.get_yticklabels()]
    numbers = [text.get_text() for text in axis.texts[: len(labels)]]
    widths = [bar.get_width() for (bar,) in axis.containers]
    return dict(zip(labels, zip(widths, numbers, strict=True), strict=True))


def kinds(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].texts]


def test_bars_have_the_length_and_the_number_of_their_value() -> None:
    chart = Bars("title", {"a": 2.0, "b": -0.5, "c": None}, {"a": "x", "b": "y", "c": "x"})
    figure = bars([chart], "label")
    assert read(figure.axes[0]) == {"a": (2.0, "2"), "b": (-0.5, "-0.5"), "c": (0.0, "-")}
    assert kinds(figure) == ["x", "y"]


def test_factors_start_at_1_and_an_exact_0_ends_in_its_band() -> None:
    values = {"half": 0.5, "zero": 0.0, "more": 4.0, "none": math.nan, "too much": math.inf}
    figure = bars([Bars("", values, dict.fromkeys(values, "x"))], "", factors=True)
    found = read(figure.axes[0])
    assert found["half"] == (-0.5, "0.5")
    assert found["more"] == (3.0, "4")
    assert found["none"] == (0.0, "-")
    assert found["too much"] == (0.0, "inf")
    width, number = found["zero"]
    assert number == "0"
    assert figure.axes[0].get_xlim()[0] < 1 + width < 0.1
    assert figure.axes[0].get_xticklabels()[0].get_text() == "0"


def test_the_ledgers_largest_parameters_come_first_and_the_residual_last() -> None:
    ledger = nn.Ledger()
    x, y = images()
    conv_net().fit(x, y, epochs=2, verbose=0, callbacks=ledger)
    found = read(nn.plots.ledger(ledger).axes[0])
    labels = list(found)
    assert labels[-1] == "residual"
    assert set(labels[:-1]) == set(ledger.entries)
    assert {label: width for label, (width, _) in found.items()} == pytest.approx(
        {path: -entry for path, entry in ledger.entries.items()} | {"residual": -ledger.residual}
    )
    sizes = [abs(found[label][0]) for label in labels[:-1]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("count", [2, 123456])
def test_the_ledgers_title_is_whole(count: int) -> None:
    ledger = nn.Ledger()
    x, y = images()
    conv_net().fit(x, y, epochs=2, verbose=0, callbacks=ledger)
    ledger.steps = list(range(count))
    title = nn.plots.ledger(ledger).axes[0].texts[-1].get_text()
    assert title.startswith(f"what lowered the losses in {count} steps, by ")
    assert title.endswith(" in all")


def test_a_long_ledger_adds_its_small_entries_up() -> None:
    layers = [nn.Dense(2) for _ in range(12)]
    model = nn.Sequential([nn.Input((2,)), *layers], backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    ledger = nn.Ledger(gradients=1)
    model.fit(np.ones((4, 2)), np.ones((4, 2)), verbose=0, callbacks=ledger)
    found = read(nn.plots.ledger(ledger).axes[0])
    assert list(found)[-1] == "8 more"
    assert sum(width for width, _ in found.values()) == pytest.approx(-ledger.total)


def test_an_empty_ledger_cannot_be_drawn() -> None:
    with pytest.raises(nn.plots.PlotError, match="give it to model"):
        nn.plots.ledger(nn.Ledger())
    with pytest.raises(nn.plots.PlotError, match="give it to model"):
        nn.plots.ledger_course(nn.Ledger())


def test_attenuation_runs_from_the_loss_down() -> None:
    factors = nn.attenuation(conv_net().train_step(*images()))
    figure = nn.plots.attenuation(factors)
    found = read(figure.axes[0])
    assert list(found) == [key.partition("#")[0] for key in reversed(list(factors))]
    assert found["conv2d/elu"][0] == pytest.approx(factors["conv2d/elu"] - 1)
    assert kinds(figure) == ["activation", "weights", "noise", "shape", "pooling", "norm"]


def test_a_path_ends_with_the_product() -> None:
    path = nn.attenuation(conv_net().train_step(*images())).path("batch_normalization")
    found = read(nn.plots.attenuation(path).axes[0])
    assert list(found) == [
        *("dense/softmax", "dense", "dropout", "flatten", "max_pooling2d", "together")
    ]
    assert found["together"][0] == pytest.approx(path.total - 1)


def test_every_input_of_a_call_has_a_bar() -> None:
    a, b = nn.Input((2,), name="a"), nn.Input((2,), name="b")
    model = nn.Model([a, b], nn.Add()([nn.Dense(2)(a), b]), backend=BACKEND, seed=0)
    tape = model.forward(*np.ones((2, 3, 2), np.float32))
    factors = nn.attenuation(model.backward(tape, np.ones((3, 2), np.float32)))
    assert list(read(nn.plots.attenuation(factors).axes[0])) == [
        "add, to b",
        "add, to dense",
        "dense",
    ]
