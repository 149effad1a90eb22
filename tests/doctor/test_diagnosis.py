"""What a diagnosis says, as cards, as a page and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty
from tests.backends import BACKEND
from tests.doctor.nets import CLASSES, NUMBERS, ONE_HOT, YES, X, causes, diagnosis, net


@pytest.fixture(scope="module")
def ill() -> nn.Diagnosis:
    return diagnosis(net(nn.Dense(1, "sigmoid"), loss="binary_crossentropy"), CLASSES)


@pytest.fixture(scope="module")
def well() -> nn.Diagnosis:
    return diagnosis(net(nn.Dense(3, "softmax"), loss="categorical_crossentropy"), ONE_HOT)


def two_outputs(second: str, **options: object) -> nn.Diagnosis:
    x = nn.Input((4,))
    hidden = nn.Dense(8, "tanh")(x)
    outputs = [
        nn.Dense(1, "sigmoid", name="yes")(hidden),
        nn.Dense(2, name="free")(hidden),
        nn.Dense(1, second, name="number")(hidden),
    ]
    model = nn.Model(x, outputs, seed=0, backend=BACKEND)
    model.compile(nn.Adam(0.02), ["binary_crossentropy", None, "mse"])
    return nn.diagnose(model, X, [YES, NUMBERS], batch_size=20, **{"epochs": 60} | options)


def test_a_card_has_lines_of_80_columns(ill: nn.Diagnosis) -> None:
    text = str(ill)
    assert max(map(len, text.splitlines())) <= 80
    assert "1. wrong_output_units (certain)\n   the labels do not fit" in text
    assert "   follows:  output_range_mismatch at dense_1/sigmoid" in text
    assert not ill.healthy


def test_the_healthy_learn_how_far_it_came_and_what_was_looked_for(well: nn.Diagnosis) -> None:
    verdict, _, course, score, _, looked, *_ = str(well).splitlines()
    assert verdict == "nothing found"
    assert course == f"400 steps on 200 rows: loss {well.outcome.first_loss:.3g} -> 0.0964"
    assert score == "accuracy 1 on training rows; the best constant answer has 0.365"
    assert looked.startswith("looked for: ")
    assert "single_unit_softmax" in well.checked
    assert well.healthy


def test_json_tells_the_same(ill: nn.Diagnosis) -> None:
    told = json.loads(ill.to_json())
    (first,) = told["findings"]
    assert first["cause"] == "wrong_output_units"
    assert first["family"] == "output and loss"
    assert first["evidence"][0]["numbers"] == {"classes": 3, "units": 1}
    assert [found["cause"] for found in first["consequences"]] == ["output_range_mismatch"]
    assert told["checked"] == list(ill.checked)
    assert told["outcome"]["reached"][0]["measure"] == "R2"


def test_a_page_stands_alone_and_folds_what_follows(ill: nn.Diagnosis) -> None:
    page = ill.to_html()
    assert "src=" not in page
    assert "<script" not in page
    assert "prefers-color-scheme: dark" in page
    assert page.index("<h2>wrong_output_units") < page.index("<details>")
    assert page.index("<details>") < page.index("<h2>output_range_mismatch")
    assert "activation=&quot;softmax&quot;" in page
    assert ill._repr_html_() in page


def test_each_output_with_a_loss_is_looked_at() -> None:
    healthy = two_outputs("linear")
    assert causes(healthy) == []
    assert [reached.output for reached in healthy.outcome.reached] == ["yes", "number"]
    assert "number: R2 " in str(healthy)
    (finding,) = two_outputs("relu").findings
    assert finding.cause == "output_range_mismatch"
    assert finding.where == ("number/relu", "number")


def test_of_several_losses_a_finding_names_its_own() -> None:
    x = nn.Input((4,))
    outputs = [nn.Dense(3, name="left")(x), nn.Dense(3, name="right")(x)]
    model = nn.Model(x, outputs, seed=0, backend=BACKEND)
    logits = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.Adam(0.02), [logits, nn.losses.SparseCategoricalCrossentropy()])
    found = nn.diagnose(model, X, [CLASSES, CLASSES], epochs=5)
    (finding,) = (f for f in found.findings if f.certainty is Certainty.certain)
    assert finding.where == ("right", "loss['right']")


def test_a_fault_that_outputs_share_is_told_once() -> None:
    x = nn.Input((4,))
    hidden = nn.Dense(8, "tanh")(x)
    outputs = [nn.Dense(1, name="left")(hidden), nn.Dense(1, name="right")(hidden)]
    model = nn.Model(x, outputs, seed=0, backend=BACKEND)
    model.compile(nn.SGD(1e-6), "mse")
    found = nn.diagnose(model, X, [NUMBERS, -NUMBERS], epochs=5)
    assert causes(found).count("lr_too_low") == 1


def test_numbers_that_are_none_are_null() -> None:
    model = net(nn.Dense(1), loss="mse", optimizer=nn.SGD(1e6))
    with np.errstate(all="ignore"):
        found = diagnosis(model, NUMBERS, epochs=3)
    assert json.loads(found.to_json())["outcome"]["last_loss"] is None
