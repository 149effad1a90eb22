"""Models of several inputs and outputs, shared layers, and learning rates."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import NNError, UnknownNameError
from tests.backends import BACKEND, host
from tests.nets import assert_same_bits, conv_net, everything, images, linear

X, Y = images()
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 8, 3))
LEFT, RIGHT = RNG.normal(size=(8, 2)), RNG.normal(size=(8, 1))
FLOAT64 = {"backend": BACKEND, "dtype": "float64", "seed": 0}


def two_headed(**settings):
    """Two inputs, and the outputs `left` (N, 2) and `right` (N, 1)."""
    a, b = nn.Input((3,), name="a"), nn.Input((3,), name="b")
    body = nn.Add()([nn.Dense(4)(a), nn.Dense(4, activation="tanh")(b)])
    outputs = [nn.Dense(2, name="left")(body), nn.Dense(1, name="right")(body)]
    model = nn.Model([a, b], outputs, **FLOAT64)
    model.compile("sgd", **settings)
    return model


# -- several inputs and outputs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "loss_weights", "factors"),
    [
        ("mse", None, (1, 1)),
        ("mse", [0.5, 2], (0.5, 2)),
        ({"right": "mse", "left": "mean_squared_error"}, {"left": 0.25}, (0.25, 1)),
        (["mse", nn.losses.MeanSquaredError()], [0, 1], (0, 1)),
        ((nn.losses.MeanSquaredError(), "mse"), {"right": 3.0}, (1, 3)),
    ],
)
def test_loss_is_the_weighted_sum_over_outputs(loss, loss_weights, factors):
    model = two_headed(loss=loss, loss_weights=loss_weights)
    errors = [y - target for y, target in zip(model.predict([A, B]), [LEFT, RIGHT], strict=True)]
    step = model.train_step([A, B], [LEFT, RIGHT])
    expected = sum(f * np.mean(error**2) for f, error in zip(factors, errors, strict=True))
    assert step.loss == pytest.approx(expected)
    for name, factor, error in zip(["left", "right"], factors, errors, strict=True):
        np.testing.assert_allclose(step[name].output_gradient, factor * 2 * error / error.size)


def test_inputs_and_targets_may_come_by_name():
    by_order, by_name = (two_headed(loss=["mse", "mae"]) for _ in range(2))
    by_order.train_step([A, B], [LEFT, RIGHT])
    by_name.train_step({"b": B, "a": A}, {"right": RIGHT, "left": LEFT})
    assert_same_bits(everything(by_name), everything(by_order))


def test_output_without_a_loss_needs_no_targets():
    model = two_headed(loss={"right": "mse"}, metrics={"right": ["mae"]})
    step = model.train_step([A, B], RIGHT)
    assert not np.any(step["left"].output_gradient)
    assert not np.any(step.gradient("left/kernel"))
    assert step.metrics.keys() == {"right_mae"}
    model.fit([A, B], {"right": RIGHT}, verbose=0)
    assert model.evaluate([A, B], [RIGHT], return_dict=True).keys() == {"loss", "right_mae"}
    with pytest.raises(UnknownNameError, match="output in y 'left': known: right"):
        model.train_step([A, B], {"left": LEFT, "right": RIGHT})


def test_metric_of_an_output_without_a_loss_is_refused():
    with pytest.raises(NNError, match="metric 'mae' of left, an output without a loss"):
        two_headed(loss={"right": "mse"}, metrics={"left": "mae"})


def test_predict_gives_every_output_whatever_the_batch_size():
    model = two_headed(loss="mse")
    whole, cut = model.predict([A, B]), model.predict([A, B], batch_size=3)
    assert [y.shape for y in whole] == [(8, 2), (8, 1)]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(model.forward(A, B).outputs[0], whole[0])


def test_metrics_carry_the_names_of_several_outputs():
    model = two_headed(loss="mse", metrics=[["mae", "r2_score"], "mean_absolute_error"])
    logs = model.evaluate([A, B], [LEFT, RIGHT], return_dict=True)
    names = ["loss", "left_mae", "left_r2_score", "right_mean_absolute_error"]
    assert list(logs) == names
    assert model.evaluate([A, B], [LEFT, RIGHT]) == list(logs.values())


@pytest.mark.parametrize("metrics", ["accuracy", ["accuracy"], {"dense": "accuracy"}])
def test_evaluate_returns_what_keras_does(metrics):
    model = conv_net()
    model.compile("sgd", "sparse_categorical_crossentropy")
    loss = model.evaluate(X, Y)
    assert isinstance(loss, float)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics)
    accuracy = float(np.mean(model.predict(X).argmax(1) == Y))
    assert model.evaluate(X, Y) == [loss, pytest.approx(accuracy)]
    assert model.evaluate(X, Y, batch_size=5) == [pytest.approx(loss), pytest.approx(accuracy)]


def test_calls_of_one_layer_are_outputs_of_their_own():
    a, b, shared = nn.Input((3,)), nn.Input((3,)), nn.Dense(1)
    model = nn.Model([a, b], [shared(a), shared(b)], **FLOAT64)
    model.compile("sgd", {"dense#0": "mse", "dense#1": "mae"})
    step = model.train_step([A, B], {"dense#0": RIGHT, "dense#1": RIGHT})
    assert np.any(step["dense#0"].output_gradient != step["dense#1"].output_gradient)


def test_one_output_given_twice_cannot_be_told_apart():
    x = nn.Input((3,))
    y = nn.Dense(1)(x)
    model = nn.Model(x, [y, y], **FLOAT64)
    assert len(model.predict(A)) == 2
    with pytest.raises(NNError, match="one output stands twice"):
        model.compile("sgd", "mse")


def test_loss_of_two_functions_learns_like_the_built_in():
    own = (
        lambda y_pred, y_true: np.mean((y_pred - y_true) ** 2, axis=-1),
        lambda y_pred, y_true: 2 * (y_pred - y_true) / y_true.shape[-1],
    )
    models = [linear(np.ones((3, 2)), loss) for loss in (own, "mse")]
    for model in models:
        model.fit(A, LEFT, epochs=3, verbose=0)
    np.testing.assert_allclose(*(model.get_weights()[0] for model in models))


# -- sharing --------------------------------------------------------------------------------------


def test_embedder_predicts_with_what_the_siamese_net_learned():
    x = nn.Input((3,))
    embedder = nn.Model(x, nn.Dense(2, activation="tanh")(x), name="embedder", **FLOAT64)
    a, b = nn.Input((3,)), nn.Input((3,))
    siamese = nn.Model([a, b], nn.L2Distance()([embedder(a), embedder(b)]), **FLOAT64)
    siamese.compile(nn.SGD(0.1), "mse")
    before = embedder.predict(A)
    step = siamese.train_step([A, B], RIGHT)
    assert [key for key in step.calls if "dense#" in key] == [
        "embedder/dense#0",
        "embedder/dense#1",
    ]
    kernel, bias = (host(step.after[f"embedder/dense/{name}"]) for name in ("kernel", "bias"))
    np.testing.assert_allclose(embedder.predict(A), np.tanh(A @ kernel + bias))
    assert not np.allclose(embedder.predict(A), before)


def test_state_of_a_shared_layer_is_handed_from_call_to_call():
    a, b = nn.Input((3,)), nn.Input((3,))
    norm = nn.BatchNormalization(momentum=0.5)
    model = nn.Model([a, b], nn.Add()([norm(a), norm(b)]), **FLOAT64)
    model.compile("sgd", "mse")
    step = model.train_step([A, B], A)
    means = [host(step[f"batch_normalization#{i}"].state_out["moving_mean"]) for i in range(2)]
    np.testing.assert_allclose(means[0], A.mean(0) / 2)
    np.testing.assert_allclose(means[1], means[0] / 2 + B.mean(0) / 2)
    np.testing.assert_array_equal(model.params["batch_normalization/moving_mean"], means[1])


def adversaries(optimizer="adam"):
    """A critic, and a generator that is trained through the frozen critic."""
    noise, x = nn.Input((3,)), nn.Input((3,))
    generator = nn.Model(noise, nn.Dense(3)(noise), name="generator", **FLOAT64)
    y = nn.BatchNormalization()(nn.Dense(4, activation="relu")(x))
    critic = nn.Model(x, nn.Dense(1)(y), name="critic", **FLOAT64)
    both = nn.Model(noise, critic(generator(noise)), **FLOAT64)
    both.freeze("critic")
    for model in (critic, both):
        model.compile(optimizer, "mse")
    return generator, critic, both


def test_two_optimizers_alternate_over_overlapping_layers():
    generator, critic, both = adversaries()
    critic_end = generator_end = None
    for _ in range(3):
        step = critic.train_step(np.concatenate([A, generator.predict(B)]), np.tile(RIGHT, (2, 1)))
        if critic_end:
            assert_same_bits(step.before, critic_end.after)
            assert_same_bits(step.slots["first_moment"], critic_end.slots_after["first_moment"])
        critic_end = step
        step = both.train_step(B, RIGHT)
        assert set(step.before) == {"generator/dense/kernel", "generator/dense/bias"}
        for path, value in critic_end.after.items():
            np.testing.assert_array_equal(step.frozen[f"critic/{path}"], value)
        if generator_end:
            assert_same_bits(step.before, generator_end.after)
            assert_same_bits(
                step.slots["second_moment"], generator_end.slots_after["second_moment"]
            )
        generator_end = step
    assert (critic.iteration, both.iteration) == (3, 3)
    np.testing.assert_array_equal(
        generator.params["dense/kernel"], generator_end.after["generator/dense/kernel"]
    )


def test_two_models_may_train_the_same_layer_in_turn():
    x, shared = nn.Input((3,)), nn.Dense(2)
    one, other = nn.Model(x, shared(x), **FLOAT64), nn.Model(x, shared(x), **FLOAT64)
    alone = linear(np.zeros((3, 2)))
    for model in (one, other):
        model.compile(nn.SGD(0.1), "mse")
    first = one.train_step(A, LEFT)
    second = other.train_step(A, LEFT)
    third = one.train_step(A, LEFT)
    assert_same_bits(second.before, first.after)
    assert_same_bits(third.before, second.after)
    assert third.loss < second.loss < first.loss
    assert alone.iteration == 0


# -- the learning rate ----------------------------------------------------------------------------


def test_learning_rate_is_read_and_set():
    model = linear([[1.0]], optimizer=nn.SGD(0.5))
    assert model.learning_rate == 0.5
    model.learning_rate = 0.25
    step = model.train_step([[1.0]], [[0.0]])
    assert step.update("dense/kernel").item() == -0.25 * step.gradient("dense/kernel").item()
    with pytest.raises(ValueError, match="learning_rate"):
        model.learning_rate = -1
    assert model.learning_rate == 0.25


def test_learning_rate_of_a_schedule_is_shown_but_not_set():
    schedule = nn.schedules.ExponentialDecay(0.5, decay_steps=1, decay_rate=0.5)
    model = linear([[1.0]], optimizer=nn.SGD(schedule))
    model.train_step([[1.0]], [[0.0]])
    assert model.learning_rate == 0.25
    with pytest.raises(NNError, match=r"cannot be set to 0\.1, ExponentialDecay"):
        model.learning_rate = 0.1
    assert model.learning_rate == 0.25
    plateau = nn.ReduceLROnPlateau("loss", patience=1, min_delta=10)
    with pytest.raises(NNError, match="ExponentialDecay"):
        model.fit([[1.0]], [[0.0]], epochs=9, verbose=0, callbacks=plateau)
