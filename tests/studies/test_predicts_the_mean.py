"""The study of question 003 as a whole, at its small size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.datasets.moments import MOMENT_NAMES
from nnscratch.studies.predicts_the_mean import claims, measures, study, training
from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.predicts_the_mean.net import SIZES, Data, Net, build, images
from nnscratch.studies.study import Epochs, Measurements, Setting
from tests.studies.whole import checked, found

NAME = "predicts-the-mean"


def measured(variant: str) -> Measurements:
    return found(NAME).results[variant]


@pytest.mark.parametrize(
    ("broken", "by", "claim"),
    [
        ("asker", "healthy", "Before training the asker's"),
        ("healthy", "asker", "With gammas of 1"),
        ("asker", "healthy", "In the first step the asker's"),
        ("healthy", "asker", "A healthy network's batch norms"),
        ("asker, relu", "healthy", "PReLU begins"),
        ("asker", "healthy", "In Keras 0.3 both modes"),
        ("asker, adam", "shuffled", "With Adam the asker's"),
        ("asker", "asker, adam", "With SGD the asker's"),
        ("asker, rate x 30", "asker", "With SGD at 30"),
        ("asker, rate x 30", "today, rate x 30", "At that rate values"),
        ("today, rate x 30", "asker, rate x 30", "Today's batch norm"),
        ("healthy", "shuffled", "A healthy network does"),
        ("shuffled", "healthy", "With shuffled targets"),
        ("shuffled", "healthy", "A linear answer explains nothing"),
        ("healthy", "shuffled", "A linear answer explains much"),
        ("tiny inputs", "healthy", "Inputs of 1e-12 are lost"),
        ("tiny inputs", "healthy", "With inputs of 1e-12"),
        ("tiny, standardised", "tiny inputs", "Inputs of 1e-12 can be"),
        ("rate x 1000", "healthy", "With Adam at a rate of 1 the sigmoids"),
        ("rate x 1000", "healthy", "With Adam at a rate of 1 it is worse"),
        ("rate x 1000, linear", "healthy", "With Adam at a rate of 1 and no"),
        ("shuffled", "rate x 1000", "The measurements alone"),
        ("small gammas", "shuffled", "With small gammas and slow averages training"),
        ("small gammas", "healthy", "With small gammas and slow averages inference"),
        ("small, absolute", "healthy", "With small gammas and slow averages it says"),
        ("small, one target", "healthy", "With one target"),
        ("slow averages", "small gammas", "Slow averages alone"),
        ("small, momentum 0.9", "small gammas", "With small gammas and fast"),
        ("no batch norm", "healthy", "Without batch norm both"),
        ("no batch norm", "small gammas", "Without batch norm the same"),
    ],
)
def test_a_claim_fails_for_a_system_that_it_is_not_true_of(
    broken: str, by: str, claim: str
) -> None:
    results = {**found(NAME).results, broken: measured(by)}
    assert not checked(NAME, results, claim).holds


def test_the_claims_on_get_weights_can_fail() -> None:
    wrong_way_round = measured("asker")["get_weights"][::-1]
    asker = {**measured("asker"), "get_weights": wrong_way_round, "largest_first_bias": 0.1}
    decided = claims.claims({**found(NAME).results, "asker": asker})
    wrong = {claim.claim for claim in decided if not claim.holds}
    assert wrong == {
        "get_weights() begins with a kernel (axes)",
        "The second array of get_weights() is a bias (axes)",
        "All biases begin at 0 (largest)",
    }


def test_the_first_kernel_is_larger_than_the_last() -> None:
    assert read.size(measured("healthy"), "conv_1") > 3 * read.size(measured("healthy"), "output")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({}, read.LEARNS),
        ({"linear": 0.0}, "the data"),
        ({"after": {"slope": 0.001}}, "flat sigmoids"),
        ({"before": {"restored": 0.01}}, "a lost signal"),
        ({"training": 0.2, "inference": 1.0, "unseen": 1.0}, "the averages"),
        ({"training": 1.0, "inference": 3.0, "unseen": 3.0}, read.STEPS),
        ({"training": 1.0, "inference": 1.0, "unseen": 1.0}, read.STEPS),
    ],
)
def test_names_the_cause_by_the_numbers(change: dict[str, Any], cause: str) -> None:
    errors = {"training": 0.3, "inference": 0.3, "unseen": 0.4}
    fine = {"linear": 0.7, "after": {"slope": 0.24}, "before": {"restored": 1.0}}
    answers = {mode: {"error": change.get(mode, error)} for mode, error in errors.items()}
    assert read.cause({**fine, **change, "answers": answers}) == cause


# -- the data and the network ---------------------------------------------------------------


def test_the_images_are_real_and_as_large_as_the_pools_need() -> None:
    data = images(Net(), Setting())
    assert data.x.shape == (1437, 16, 16, 1)
    assert data.unseen_x.shape == (360, 16, 16, 1)
    assert (data.x.min(), data.x.max(), data.x.dtype) == (0, 1, np.float32)
    assert (np.ptp(data.x.reshape(-1, 8, 2, 8, 2), axis=(2, 4)) == 0).all()
    assert data.y.shape == (1437, 5)


def test_shuffled_targets_are_the_same_rows_in_another_order() -> None:
    true, dealt = (images(Net(shuffled=shuffled), Setting()) for shuffled in (False, True))
    assert np.array_equal(true.x, dealt.x)
    for y, other in ((true.y, dealt.y), (true.unseen_y, dealt.unseen_y)):
        assert not np.array_equal(y, other)
        assert np.array_equal(np.sort(y, axis=0), np.sort(other, axis=0))


def test_standardising_undoes_any_scale() -> None:
    tiny, plain = (images(Net(scale=s, standardised=True), Setting()) for s in (1e-12, 1.0))
    assert tiny.x.mean() == pytest.approx(0, abs=1e-5)
    assert tiny.x.std() == pytest.approx(1, abs=1e-5)
    assert np.allclose(tiny.x, plain.x, atol=1e-5)
    assert np.allclose(tiny.unseen_x, plain.unseen_x, atol=1e-5)


def test_targets_are_chosen_by_name() -> None:
    one, all_of_them = (images(Net(targets=t), Setting()) for t in (("symmetry",), MOMENT_NAMES))
    assert np.array_equal(one.y[:, 0], all_of_them.y[:, 4])


def parts(layer: str) -> list[tuple[str, str]]:
    return [(layer, ""), (layer, "_norm"), (layer, "_prelu")]


@pytest.mark.parametrize("scale", ["small", "full"])
def test_the_network_is_the_askers(scale: str) -> None:
    size = SIZES[scale]
    convolutions = range(1, len(size.filters) + 1)
    expected = [
        *(
            f"{name}_{n}{part}"
            for n in convolutions
            for name, part in (*parts("conv"), ("pool", ""))
        ),
        "flatten",
        *(f"{name}_{n}{part}" for n in (1, 2) for name, part in parts("dense")),
        *("output", "answer"),
    ]
    x = np.zeros((2, size.side, size.side, 1), np.float32)
    calls = build(Net(), Setting(scale=scale)).forward(x)
    assert list(calls) == [f"{name}#0" for name in expected]
    assert calls["flatten"].inputs[0].shape[1:3] == (1, 1)


# -- the measurements -----------------------------------------------------------------------


def test_the_best_constants_have_an_error_of_1_and_no_spread() -> None:
    y = np.random.default_rng(0).uniform(size=(50, 3))
    means = np.broadcast_to(y.mean(axis=0), y.shape)
    compared = measures.comparison(means, y)
    assert compared["error"] == pytest.approx(1)
    assert compared["spread"] == pytest.approx(0)
    assert compared["correlations"] == pytest.approx([0, 0, 0])
    perfect = measures.comparison(y, y)
    assert (perfect["error"], perfect["spread"]) == (0, 1)
    assert perfect["correlations"] == pytest.approx([1, 1, 1])


def test_a_linear_answer_finds_what_is_linear_at_any_scale_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    x, unseen = rng.normal(size=(400, 3, 3, 1)), rng.normal(size=(100, 3, 3, 1))
    weights, noise = rng.normal(size=(9, 2)), rng.normal(size=(400, 2))
    y, unseen_y = (part.reshape(-1, 9) @ weights for part in (x, unseen))
    for scale in (1.0, 1e-12):
        assert measures.linear(Data(scale * x, y, scale * unseen, unseen_y)) > 0.99
    assert measures.linear(Data(x, noise, unseen, noise[:100])) < 0.1


@pytest.mark.parametrize("norm", ["today", "early", None])
def test_sees_what_batch_norm_puts_out_before_gamma(norm: str | None) -> None:
    net = Net(norm=norm, gammas=nn.initializers.Constant(0.1))
    data = images(net, Setting())
    model = build(net, Setting())
    step = model.compute_step(nn.Batch((data.x[:32],), (data.y[:32],)))
    norms = [call for call in step.calls.values() if call.layer.role == "norm"]
    assert len(norms) == (0 if norm is None else 6)
    for call in norms:
        assert np.allclose(0.1 * measures.normalised(call), call.output, atol=1e-6)


def test_the_course_of_both_modes_survives_an_interruption() -> None:
    modes, again = (training.Modes(np.zeros(1), np.zeros(1)) for _ in range(2))
    modes.course = {"training": [2.0, 1.0], "inference": [3.0, 2.0]}
    again.restore(modes.state())
    assert again.course == modes.course
    again.on_train_begin()
    assert again.course == modes.course


def test_repeats_to_the_bit() -> None:
    brief = replace(study.ASKER, epochs=Epochs(2, 2))
    first, again = (training.train(brief, Setting()) for _ in range(2))
    assert first == again
    assert first["updates"] == 90


# -- what it says ---------------------------------------------------------------------------


def test_its_table_names_the_cause_of_every_variant() -> None:
    (table,) = study.STUDY.tables(found(NAME).results)
    named = {row[0]: row[-1] for row in table.rows}
    assert claims.EXPECTED.items() <= named.items()
