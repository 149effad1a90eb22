"""The study of question 002 as a whole, at its small size."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnscratch.studies.frozen_accuracy import readings as read
from nnscratch.studies.frozen_accuracy import study
from nnscratch.studies.frozen_accuracy.net import ASKER, SIZES, SMALLER, Net, images
from nnscratch.studies.frozen_accuracy.training import dead, published_start, train
from nnscratch.studies.study import Epochs, Measurements, Setting
from tests.studies.whole import checked, found

NAME = "frozen-accuracy"
BRIEF = replace(ASKER, epochs=Epochs(2, 2))


def measured(variant: str) -> Measurements:
    return found(NAME).results[variant]


@pytest.mark.parametrize(
    ("broken", "by", "claim"),
    [
        ("asker", "pixels", "After every epoch the asker's system prints 11.4543"),
        ("asker", "pixels", "After every epoch the asker's system prints 0.4473"),
        ("asker", "pixels", "Its loss is 152 of 275"),
        ("asker", "logits", "Before the first step most"),
        ("asker", "pixels", "In the end all wrong"),
        ("asker", "pixels", "The two logits"),
        ("asker", "pixels", "From epoch 2 on all six gradients"),
        ("asker", "pixels", "From epoch 2 on no weight"),
        ("float32", "asker", "In float32"),
        ("float32", "asker", "So float32"),
        ("pixels", "asker", "255 times"),
        ("pixels", "asker", "Before the first step no wrong"),
        ("few units", "pixels", "Leaky ReLUs, few units, 5x5 kernels: most"),
        ("leaky relu", "pixels", "Leaky ReLUs, few units, 5x5 kernels do not"),
        ("rate", "pixels", "At a rate of 1 / |image|^2, raw"),
        ("logits", "asker", "Where the loss reads logits"),
        ("logits", "pixels, logits", "There the steps are too long"),
        ("logits", "pixels, logits", "Such steps leave"),
        ("pixels, rate", "asker", "At a rate of 1 / |image|^2, with"),
        ("pixels, logits", "logits", "With pixels in 0..1, and a loss"),
        ("batch norm", "asker", "With batch norm"),
    ],
)
def test_a_claim_fails_for_a_system_that_it_is_not_true_of(
    broken: str, by: str, claim: str
) -> None:
    results = {**found(NAME).results}
    results[broken] = {**results[by], "starts": results["asker"]["starts"]}
    assert not checked(NAME, results, claim).holds


def test_a_start_that_is_not_silent_breaks_the_claim_on_starts() -> None:
    asker = {**measured("asker"), "starts": [measured("pixels")["after"]]}
    results = {**found(NAME).results, "asker": asker}
    assert not checked(NAME, results, "Other starts").holds


def test_prints_what_was_published_to_the_last_digit() -> None:
    epochs = measured("asker")["epochs"]
    assert {f"{loss:.4f}" for loss in epochs["val_loss"]} == {"11.4543"}
    assert {f"{accuracy:.4f}" for accuracy in epochs["val_accuracy"]} == {"0.4473"}
    assert f"{measured('float32')['epochs']['val_loss'][-1]:.4f}" == "8.9089"


def test_the_log_itself_tells_how_many_images_there_were() -> None:
    assert read.fewest_images() == 275
    assert f"{-152 / 275 * math.log(1e-9):.4f} {1 - 152 / 275:.4f}" == "11.4543 0.4473"


def test_the_images_are_real_digits_of_two_classes() -> None:
    x, y = images(ASKER, Setting())
    assert x.shape == (550, 16, 16, 1)
    assert (x.min(), x.max(), x.dtype) == (0, 255, np.float64)
    assert tuple(y.sum(axis=0)) == SIZES
    assert SIZES[SMALLER] == min(SIZES)
    blocks = x.reshape(550, 8, 2, 8, 2)
    assert (np.ptp(blocks, axis=(2, 4)) == 0).all()


def test_dead_units_are_0_in_all_rows_and_places() -> None:
    y = np.zeros((3, 2, 2, 4))
    y[2, 0, 1, 1] = 1.0
    y[0, 0, 0, 3] = -1.0
    assert dead(y) == 2


def test_a_variant_begins_where_the_askers_system_did() -> None:
    assert measured("pixels")["start"] == measured("asker")["start"] == published_start(Setting())


def test_at_full_size_the_asker_trains_for_50_epochs() -> None:
    assert ASKER.epochs.at(Setting(scale="full")) == 50
    assert ASKER.epochs.at(Setting()) == Net().epochs.at(Setting()) == 8


def test_repeats_to_the_bit() -> None:
    first, again = (train(BRIEF, Setting(), 0) for _ in range(2))
    assert first == again


def test_an_interrupted_training_goes_on_pictures_included(tmp_path: Path) -> None:
    def interrupt(share: float) -> None:
        if share > 0.7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(BRIEF, Setting(folder=tmp_path, moved=interrupt), 0)
    shares: list[float] = []
    went_on = train(BRIEF, Setting(folder=tmp_path, moved=shares.append), 0)
    assert shares[0] > 0.5
    assert went_on == train(BRIEF, Setting(), 0)


def test_shows_what_the_asker_wished_to_see() -> None:
    findings = found(NAME)
    printed, mini_batches = study.STUDY.tables(findings.results)
    assert ("here, epoch 2", "11.4543", "0.4473", "11.4543", "0.4473") in printed.rows
    number, _loss, conv, _hidden, logits, *gradients = mini_batches.rows[-1]
    assert number == str(measured("asker")["mini_batches"])
    assert float(conv) > 20
    assert float(logits) > 20
    assert gradients == ["0"] * 4
