"""The study of question 004 as a whole, at its small size."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.studies.resnet_plateau import decision
from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.resnet_plateau import tables as write
from nnscratch.studies.resnet_plateau.modes import ROWS, TwoModes, divisor_gains, run
from nnscratch.studies.resnet_plateau.net import SIZES, Trial, build, images, resized, unseen_images
from nnscratch.studies.resnet_plateau.training import course, spread, train
from nnscratch.studies.study import Epochs, Measurements, Results, Setting
from tests.studies.whole import checked, found

NAME = "resnet-plateau"
FULL = Path(__file__).parents[2] / "docs" / "results" / NAME / "findings.json"
BRIEF = Trial(batch_size=256, epochs=Epochs(1, 1))


def measured(variant: str) -> Measurements:
    return found(NAME).results[variant]


@pytest.mark.parametrize(
    ("broken", "by", "claim"),
    [
        ("scaled", "sorted rows", "With Keras's epsilon"),
        ("scaled", "rate x 100", "Raw and scaled pixels train alike"),
        ("large batches", "no norm", "In large batches validation rows"),
        ("large, scaled", "large, momentum", "Scaling the pixels does not help"),
        ("large, momentum", "large, scaled", "A momentum of 0.9 changes nothing"),
        ("large, momentum", "large batches", "It closes most of the gap"),
        ("no norm", "asker", "Without batch norm both modes"),
        ("rate x 100", "asker", "At 100 times the rate the first step"),
        ("rate x 100", "asker", "At Adam's own rate"),
        ("sorted rows", "asker", "Of rows sorted by class"),
        ("sorted rows", "rate x 100", "Training itself notices nothing"),
    ],
)
def test_a_claim_fails_for_a_system_that_it_is_not_true_of(
    broken: str, by: str, claim: str
) -> None:
    results = {**found(NAME).results}
    results[broken] = {"absent_accuracy": 0.0, "training_ratio": 1.0, **results[by]}
    assert not checked(NAME, results, claim).holds


@pytest.mark.parametrize(
    ("name", "value", "claim"),
    [
        ("training_difference", 1e-3, "In training batch norm undoes"),
        ("inference_ratio", 1.0, "When the untrained network infers"),
        ("first_values_left", [0.9], "After 10 updates"),
        ("training_ratio", 1.0, "Without batch norm scale goes"),
        ("course", {"epoch": [0.5], "loss": [1.0]}, "For half of it the loss"),
    ],
)
def test_a_claim_fails_for_another_arithmetic(name: str, value: object, claim: str) -> None:
    broken = {n: {**m, name: value} for n, m in found(NAME).results.items()}
    assert not checked(NAME, broken, claim).holds


@functools.cache
def at_full_size() -> Results:
    findings = json.loads(FULL.read_text())
    return {variant["name"]: variant["measurements"] for variant in findings["variants"]}


def test_the_asker_s_size_decides_and_no_other() -> None:
    assert all(claim.holds for claim in decision.claims(at_full_size()))
    assert decision.claims(found(NAME).results) == []


@pytest.mark.parametrize(
    ("broken", "by", "claim"),
    [
        ("scaled", "asker", "With scaled pixels 250"),
        ("scaled", "asker", "By their batches' own"),
        ("large, scaled", "large batches", "In large batches that lasts"),
        ("large, scaled", "rate x 100", "In large batches that lasts"),
        ("asker", "rate x 100", "Raw pixels:"),
        ("sorted rows", "rate x 100", "Sorted rows:"),
        ("rate x 100", "asker", "Adam at 0.1: epochs"),
        ("large, momentum", "large batches", "A momentum of 0.9"),
        ("asker", "large batches", "So do small batches"),
        ("scaled", "asker", "A second epoch"),
        ("scaled", "asker", "Scaling the pixels mends"),
    ],
)
def test_the_decision_would_be_another_for_another_system(broken: str, by: str, claim: str) -> None:
    results = {**at_full_size(), broken: at_full_size()[by]}
    (decided,) = [c for c in decision.claims(results) if c.claim.startswith(claim)]
    assert not decided.holds


def test_the_full_network_is_the_askers() -> None:
    model = build(Trial(), Setting(scale="full"))
    shapes = {path: value.shape for path, value in model.params.items()}
    assert shapes["stem/kernel"] == (5, 5, 1, 32)
    assert shapes["2a_0/kernel"] == (1, 1, 32, 32)
    assert shapes["3a_2/kernel"] == (3, 3, 64, 64)
    assert shapes["4c_3/kernel"] == (1, 1, 128, 128)
    assert shapes["output/kernel"] == (13 * 13 * 128, 10)
    assert sum(path.endswith("gamma") for path in shapes) == 1 + 3 * (4 + 3 + 3)
    assert "2b_0/kernel" not in shapes


def test_the_full_images_are_the_askers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    part = rng.integers(0, 256, (20, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, 20)
    monkeypatch.setattr(nn.datasets, "fashion_mnist", lambda scale: (part, part))
    x, y = images(Trial(), Setting(scale="full"))
    scaled, _ = images(Trial(scaled=True), Setting(scale="full"))
    assert (x.shape, x.dtype, y.shape) == ((20, 50, 50, 1), np.float32, (20,))
    assert x.max() > 200
    np.testing.assert_allclose(scaled * 255, x, rtol=1e-6)
    assert SIZES["full"].rows == 10_000


def test_sorted_rows_are_the_same_rows() -> None:
    x, y = images(Trial(sorted_rows=True), Setting())
    shuffled, labels = images(Trial(), Setting())
    assert (np.diff(y) >= 0).all()
    assert sorted(map(bytes, x)) == sorted(map(bytes, shuffled))
    for label in range(10):
        np.testing.assert_array_equal(x[y == label], shuffled[labels == label])


def test_unseen_images_are_no_training_rows() -> None:
    unseen, _ = unseen_images(Trial(), Setting(), 100)
    x, _ = images(Trial(), Setting())
    assert not set(map(bytes, unseen)) & set(map(bytes, x))


def test_resizing_keeps_what_is_linear() -> None:
    row, column = np.meshgrid(np.arange(8.0), np.arange(8.0), indexing="ij")
    plane = (2 * row - column + 3)[np.newaxis, :, :, np.newaxis]  # (1, 8, 8, 1)
    new = resized(plane, 16)[0, ..., 0]
    place = (np.arange(16) + 0.5) / 2 - 0.5
    inner = slice(1, -1)  # the outermost pixels lie beyond the centres of the old ones
    expected = 2 * place[:, np.newaxis] - place + 3
    np.testing.assert_allclose(new[inner, inner], expected[inner, inner], rtol=1e-12)
    np.testing.assert_array_equal(resized(plane, 8), plane)
    assert (new.min(), new.max()) == (plane.min(), plane.max())


def test_modes_differ_by_batch_norm_alone() -> None:
    x, _ = images(Trial(), Setting())
    plain, normed = (build(Trial(batch_norm=on), Setting()) for on in (False, True))
    same, other = ((run(m, x[:64], False), run(m, x[:64], True)) for m in (plain, normed))
    np.testing.assert_array_equal(*same)
    assert np.abs(np.subtract(*other)).max() > 0.1
    assert divisor_gains(plain, x[:ROWS]) == {}


def test_divisors_are_right_where_the_moving_variances_are() -> None:
    x, _ = images(Trial(), Setting())
    model = build(Trial(), Setting())
    tape = model.forward(x[:ROWS].astype(np.float64), training=True)
    own = {
        f"{call.path}/moving_variance": 4 * call.cache.variance + 3 * call.layer.epsilon
        for call in tape.values()
        if isinstance(call.layer, nn.BatchNormalization)
    }
    model.set_weights(own)
    gains = divisor_gains(model, x[:ROWS])
    assert gains.keys() == {"stem_divisor_gain", "inner_divisor_gain"}
    np.testing.assert_allclose(list(gains.values()), 2, rtol=1e-12)


def test_a_probe_goes_on_with_what_it_knew() -> None:
    x, y = images(Trial(), Setting())
    first, second = (TwoModes(spread(x, y), spread(x, y)) for _ in range(2))
    first.loss, first.accuracy, first.first_moves = [1.0, 2.0], [0.5, 0.6], [0.1]
    second.restore(first.state())
    assert second.state() == first.state()


def test_measuring_leaves_training_as_it_is() -> None:
    probed = train(BRIEF, Setting())
    x, y = images(BRIEF, Setting())
    model = build(BRIEF, Setting())
    history = model.fit(x, y, 32, 1, verbose=0, validation_split=0.2).history
    assert {name: probed["history"][name] for name in history} == history


def test_early_stopping_is_told() -> None:
    still = replace(BRIEF, learning_rate=0.0, momentum=1.0, epochs=Epochs(4, 4))
    stopped = train(still, Setting())
    assert stopped["stopped_early"]
    assert stopped["epochs"] == 3
    assert not train(BRIEF, Setting())["stopped_early"]


def test_a_course_is_made_of_means() -> None:
    means = course([4.0, 2.0, 3.0, 1.0] * 10, [0.0, 1.0] * 20, epochs=2)
    assert means["loss"] == [3.0, 2.0] * 10
    assert means["accuracy"] == [0.5] * 20
    assert means["epoch"][0] == pytest.approx(0.1)
    assert means["epoch"][-1] == 2.0


def test_repeats_to_the_bit() -> None:
    first, again = (train(BRIEF, Setting()) for _ in range(2))
    assert first == again


def test_the_table_has_a_row_for_each_epoch() -> None:
    _, table = write.tables(found(NAME).results)
    epochs = [m["epochs"] for m in found(NAME).results.values()]
    assert len(table.rows) == sum(epochs)
    share = float(next(row for row in table.rows if row[0] == "large, momentum, 3")[1])
    assert share == pytest.approx(0.9**30, abs=5e-4)


def test_what_is_left_of_first_values_halves_with_momentum_to_the_power_of_updates() -> None:
    measured = {"momentum": 0.5, "updates": 6, "epochs": 3}
    assert read.left(measured) == 1 / 64
    assert read.left(measured, epoch=1) == 1 / 4
    assert math.log2(read.left(measured, epoch=2)) == -4
