"""The study of question 000 as a whole, at its small size, and its parts."""

from __future__ import annotations

import numpy as np
import pytest

from nnscratch.studies.siamese import readings as read
from nnscratch.studies.siamese import study
from nnscratch.studies.siamese.net import (
    BATCH,
    SHORT,
    SIZES,
    Net,
    Signed,
    build,
    calibrate,
    framed,
    image_pairs,
    loss,
)
from nnscratch.studies.siamese.training import left, train
from nnscratch.studies.siamese.watch import Answers, FirstSteps, Hold, Unseen, ranking
from nnscratch.studies.study import Epochs, Measurements, Setting
from tests.studies.whole import checked, found

NAME = "siamese"
ONE_EPOCH = Net(epochs=Epochs(1, 1), inspected=True, ledger=True)
AGREEING = {"branches": [1.0, 1.0], "sum": 2.0}


def measured(variant: str) -> Measurements:
    return found(NAME).results[variant]


@pytest.mark.parametrize(
    ("broken", "by", "claim"),
    [
        ("asker", "calibrated", "The asker's network gives"),
        ("asker", "calibrated", "In the frozen epochs the accuracy"),
        ("asker", "calibrated", "In the frozen epochs the loss"),
        ("asker", "other sign", "In the frozen epochs unseen pairs"),
        ("asker", "other sign", "After the frozen epochs"),
        ("SGD", "calibrated", "SGD has such frozen epochs"),
        ("SGD", "calibrated", "With SGD the loss"),
        ("asker", "other sign", "With w < 0"),
        ("other sign", "asker", "With w > 0 all pairs"),
        ("other sign", "calibrated", "With w > 0 the accuracy"),
        ("other sign", "calibrated", "With w > 0 the loss"),
        ("other sign", "asker", "With w > 0 unseen pairs"),
        ("raw, clipped", "raw pixels", "Raw pixels, clipped: wrong"),
        ("raw, clipped", "raw pixels", "Raw pixels, clipped: no weight"),
        ("raw, clipped", "raw pixels", "Raw pixels, clipped: the loss"),
        ("raw pixels", "raw, clipped", "Raw pixels, logits: the same"),
        ("raw pixels", "raw, clipped", "Raw pixels, logits: the loss"),
        ("asker", "biases held", "The biases' histograms"),
        ("biases held", "kernels held", "Kernels that learn alone"),
        ("kernels held", "biases held", "Biases that learn alone"),
        ("calibrated", "asker", "Calibrated, two pairs"),
        ("calibrated", "asker", "Calibrated, it is right"),
        ("contrastive", "asker", "With the contrastive loss"),
        ("small w", "calibrated", "Smaller first logits"),
        ("rate / 10", "rate x 10", "At a tenth"),
        ("batch norm", "rate x 10", "With batch norm"),
        ("He", "rate x 10", "With He"),
        ("ReLU", "rate x 10", "With ReLU"),
    ],
)
def test_a_claim_fails_for_a_system_that_it_is_not_true_of(
    broken: str, by: str, claim: str
) -> None:
    results = {**found(NAME).results}
    results[broken] = {**results[broken], **results[by]}
    assert not checked(NAME, results, claim).holds


def test_branches_that_agree_break_the_claims_on_the_last_biases() -> None:
    asker = measured("asker")
    shares = {**asker["gradients"]["shares"], read.last_bias(asker): AGREEING}
    gradients = {
        **asker["gradients"],
        "shares": shares,
        "blind": [0.0],
        "blind_gradient": [1e-30],
    }
    results = {**found(NAME).results, "asker": {**asker, "gradients": gradients}}
    broken = [claim.claim for claim in study.claims(results) if not claim.holds]
    assert [claim.split(" (")[0] for claim in broken] == [
        "The two branches' gradients of the last biases cancel",
        "Of every other gradient more is left",
        "Some features are positive for both images of all pairs",
        "Biases of features that are positive throughout get exactly 0",
    ]


def test_answers_that_differ_outside_the_threshold_are_counted() -> None:
    course = {
        "weight": [-1.0] * 4,
        "bias": [0.0, 2.0, 2.0, 5.0],
        "nearest": [1.0] * 4,
        "farthest": [4.0] * 4,
        "answered_same": [0.0, 0.5, 0.0, 1.0],
    }
    assert read.misplaced({"course": course}) == 1


def test_the_first_step_whose_answers_differ() -> None:
    assert left([0.0, 1.0, 0.5, 0.0]) == 2
    assert left([0.0, 0.0, 1.0]) is None


def test_ranking_is_the_area_under_the_roc_curve() -> None:
    same = np.array([True, True, False, False])
    assert ranking(np.array([1.0, 2.0, 3.0, 4.0]), same) == 1
    assert ranking(np.array([4.0, 3.0, 2.0, 1.0]), same) == 0
    assert ranking(np.array([1.0, 3.0, 3.0, 4.0]), same) == 7 / 8


def test_at_full_size_it_is_the_askers_network() -> None:
    model, gauge = build(Net(), Setting(scale="full"))
    assert [image.shape for image in model.graph.inputs] == [(32, 32, 3)] * 2
    filters = [model.params[f"embedder/conv_{n}/kernel"].shape[-1] for n in range(1, 8)]
    assert filters == [64, 64, 128, 128, 256, 512, 1024]
    np.testing.assert_array_equal(gauge.get_weights()[0], model.get_weights()[0])


def test_pictures_stand_in_the_middle_of_their_frame() -> None:
    images = np.arange(1.0, 9.0).reshape(2, 2, 2, 1)
    framed_images = framed(images, (6, 6, 3))
    assert framed_images.shape == (2, 6, 6, 3)
    np.testing.assert_array_equal(framed_images[:, 2:4, 2:4, 1], images[..., 0])
    assert framed_images.sum() == 3 * images.sum()


def test_half_of_the_pairs_are_of_one_class() -> None:
    (images, same), (unseen, _) = image_pairs(Net(white=255.0), Setting())
    assert same.mean() == 0.5
    assert [image.shape for image in images] == [(SIZES["small"].pairs, 8, 8, 1)] * 2
    assert images[0].max() == unseen[0].max() == 255


def test_the_contrastive_loss_has_its_own_derivative() -> None:
    model, _ = build(Net(contrastive=True), Setting())
    same = np.array([[1.0], [0.0], [0.0]])
    logits = np.array([[0.2], [-1.4], [0.1]])  # d = 0.3, 1.9, 0.4
    contrastive, ctx = loss(Net(contrastive=True)), model.context(training=True)
    contrastive.check_gradient(ctx, logits, same)
    value, _ = contrastive(ctx, logits, same)
    assert value == pytest.approx((0.3**2 + 0 + 0.6**2) / 3)


def test_calibrated_logits_have_mean_0_and_deviation_1() -> None:
    (images, _), _ = image_pairs(Net(), Setting())
    model, gauge = build(Net(), Setting())
    calibrate(model, gauge.predict(images, verbose=0))
    logits = model.predict(images, verbose=0)
    assert (logits.mean(), logits.std()) == pytest.approx((0, 1), abs=1e-4)
    assert model.params["output/kernel"] < 0


def test_holding_weights_leaves_the_others_alone() -> None:
    (images, same), _ = image_pairs(Net(), Setting())
    model, _ = build(Net(), Setting())
    first = dict(model.params)
    held = "embedder/conv_2/kernel"
    model.fit(images, same, BATCH, verbose=0, callbacks=Hold({held: first[held]}))
    moved = [path for path, value in model.params.items() if (value != first[path]).any()]
    assert moved == [path for path in first if path != held]


def test_the_ledger_books_the_first_steps_only() -> None:
    (images, same), _ = image_pairs(Net(), Setting())
    model, _ = build(Net(), Setting())
    ledger = FirstSteps(3, gradients=2)
    model.fit(images, same, BATCH, verbose=0, callbacks=ledger)
    assert ledger.steps == [0, 1, 2]


def test_watchers_go_on_where_they_were() -> None:
    pairs, unseen_pairs = image_pairs(Net(), Setting())
    model, gauge = build(Net(), Setting())
    whole = [Answers(), Unseen(gauge, unseen_pairs)]
    model.fit(*pairs, BATCH, verbose=0, callbacks=whole)
    for watch, later in zip(whole, (Answers(), Unseen(gauge, unseen_pairs)), strict=True):
        later.restore(watch.state())
        assert later.course == watch.course
        later.keep(**dict.fromkeys(later.course, 1.0))
        assert later.course != watch.course


def test_repeats_to_the_bit() -> None:
    first, again = (train(ONE_EPOCH, Setting()) for _ in range(2))
    np.testing.assert_equal(again, first)


def test_the_other_sign_is_the_only_difference() -> None:
    asker, other = (build(Net(weight=Signed(sign)), Setting())[0].params for sign in (-1, 1))
    for path, value in asker.items():
        sign = -1 if path == "output/kernel" else 1
        np.testing.assert_array_equal(other[path], sign * value)
    assert asker["output/kernel"] < 0


def test_its_tables_have_a_row_for_each_weight_branch_and_call() -> None:
    moved, branches, way = study.STUDY.tables(found(NAME).results)
    assert [row[0] for row in moved.rows][-2:] == ["output/kernel", "output/bias"]
    assert len(branches.rows) == 2 * SIZES["small"].convolutions
    assert way.rows[0][0] == "output#0"
    assert len(measured("asker")["history"]["loss"]) > SHORT.small
