"""The pipeline of a step: its order, by arithmetic done by hand, and what it keeps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nnscratch as nn
from benchmarks.memory import FIELDS, measure
from nnscratch.core import plan
from nnscratch.core.tape import ALL, BACKWARD, FORWARD
from tests.backends import BACKEND, BACKENDS, host
from tests.nets import arrays_in, assert_same_bits, contents, conv_net, images, linear

X, Y = images()
PATH = "dense/kernel"


def test_order_is_regularise_clip_decay_optimise_constrain():
    # y = 1*1 + 1*2 = 3, the loss is 3^2 = 9 and its gradient 2*3*[1, 2] = [6, 12].
    optimizer = nn.SGD(0.1, weight_decay=0.5, clipvalue=10)
    model = linear(
        [[1], [1]], optimizer=optimizer, kernel_regularizer=nn.regularizers.L2(0.1),
        kernel_constraint="non_neg",
    )  # fmt: skip
    step = model.train_step([[1.0, 2.0]], [[0.0]])
    expected = {
        "data_gradients": [6, 12],
        "penalty_gradients": [0.2, 0.2],  # 2 * 0.1 * w
        "total_gradients": [6.2, 12.2],
        "gradients": [6.2, 10],  # 12.2 is clipped
        "updates": [-0.05 - 0.62, -0.05 - 1],  # -w * 0.5 * 0.1, and -0.1 * gradient
        "after": [0.33, 0],  # -0.05 is constrained
    }
    for name, numbers in expected.items():
        np.testing.assert_allclose(getattr(step, name)[PATH].ravel(), numbers, atol=1e-12)
    np.testing.assert_allclose(step.applied(PATH).ravel(), [-0.67, -1])
    assert (step.loss, step.penalty) == (pytest.approx(9.2), pytest.approx(0.2))
    np.testing.assert_array_equal(model.get_weights()[0], step.after[PATH])


@pytest.mark.parametrize(
    ("clip", "gradients"),
    [
        ({"clipvalue": 5}, [3, 4, 5]),
        # The kernel's norm is 5, the bias's 12, both together 13.
        ({"clipnorm": 2.5}, [1.5, 2, 2.5]),
        ({"global_clipnorm": 6.5}, [1.5, 2, 6]),
    ],
)
def test_clipping_by_hand(clip, gradients):
    layer = nn.Dense(1, kernel_initializer="zeros")
    model = nn.Sequential([nn.Input((2,)), layer], backend=BACKEND, dtype="float64", seed=0)
    model.compile(nn.SGD(1.0, **clip), "mse")
    # dL/dy = -2 y: [-12, ...] would be negative, so the targets are; dL/dw = 12 x, dL/db = 12.
    step = model.train_step([[0.25, 1 / 3]], [[-6.0]])
    np.testing.assert_allclose(step.gradient(PATH).ravel(), [3, 4])
    found = [*host(step.gradients[PATH]).ravel(), *host(step.gradients["dense/bias"])]
    np.testing.assert_allclose(found, gradients)
    np.testing.assert_allclose(model.get_weights()[0].ravel(), [-g for g in gradients[:2]])


def test_momentum_over_two_steps_by_hand():
    model = linear([[1]], optimizer=nn.SGD(0.1, momentum=0.5))
    first = model.train_step([[1.0]], [[0.0]])  # g = 2, v = -0.2, w = 0.8
    second = model.train_step([[1.0]], [[0.0]])  # g = 1.6, v = -0.1 - 0.16, w = 0.54
    assert first.after[PATH].item() == pytest.approx(0.8)
    assert second.slots_after["velocity"][PATH].item() == pytest.approx(-0.26)
    assert second.after[PATH].item() == pytest.approx(0.54)


def test_updates_are_made_when_they_are_read():
    model = linear([[1]], optimizer=nn.SGD(0.25, weight_decay=0.5))
    step = model.train_step([[1.0]], [[0.0]])  # g = 2, w = 1 - 0.125 - 0.5
    model.train_step([[1.0]], [[0.0]])  # changes nothing of the first
    assert "updates" not in vars(step)
    asked = step.updates
    assert asked is step.updates
    assert asked[PATH].item() == -0.625
    assert step.after[PATH].item() == 0.375


def test_updates_are_those_of_the_rate_that_the_step_had():
    rate = {"now": 0.25}
    model = linear([[1]], optimizer=nn.SGD(lambda iteration: rate["now"], weight_decay=0.5))
    step = model.train_step([[1.0]], [[0.0]])
    rate["now"] = 0.0
    assert step.updates[PATH].item() == -0.625


def test_updates_of_a_rule_that_counts_are_those_that_were_made():
    made = []

    class Counting(nn.SGD):
        def update(self, *given):
            made.append(1)
            updates, slots = super().update(*given)
            return updates * len(made), slots

    model = linear([[1]], optimizer=Counting(0.25))
    step = model.train_step([[1.0]], [[0.0]])  # g = 2
    assert step.updates[PATH].item() == -0.5
    assert step.after[PATH].item() == 0.5
    assert len(made) == 1


def test_decayed_weights_are_what_adamw_moves():
    model = linear([[2]], optimizer=nn.AdamW(0.1, weight_decay=0.5))
    step = model.train_step([[1.0]], [[0.0]])
    # The decay is 2 * 0.5 * 0.1; Adam's first step is the learning rate, whatever the gradient.
    assert step.update(PATH).item() == pytest.approx(-0.1 - 0.1, abs=1e-6)


def test_sample_and_class_weights_scale_the_rows_by_hand():
    x, y, weights = [[1.0], [2.0]], np.array([0, 1]), np.array([0.5, 2.0])
    plain = linear([[1.0, -1.0]], nn.losses.SparseCategoricalCrossentropy(from_logits=True))
    logits = np.array([[1.0, -1.0], [2.0, -2.0]])
    losses = np.log(np.exp(logits).sum(1)) - logits[[0, 1], y]
    for keywords, factors in [
        ({}, [1, 1]),
        ({"sample_weight": weights}, weights),
        ({"class_weight": {0: 3.0}}, [3, 1]),
        ({"sample_weight": weights, "class_weight": {0: 3.0, 1: 0.25}}, [1.5, 0.5]),
    ]:
        plain.set_weights([[[1.0, -1.0]]])
        seen = []
        probe = nn.LambdaCallback(on_step=seen.append)
        plain.fit(x, y, verbose=0, callbacks=probe, **keywords)
        assert seen[0].loss == pytest.approx(np.sum(factors * losses) / 2)


@pytest.mark.parametrize("constant", [True, False])
def test_learning_rate_of_each_step_is_the_schedules(constant):
    rate = 0.25 if constant else nn.schedules.PiecewiseConstantDecay([0, 1], [0.25, 0.125, 0.5])
    model = linear([[1]], optimizer=nn.SGD(rate))
    rates = []
    for _ in range(3):
        step = model.train_step([[1.0]], [[0.0]])
        rates.append(-(step.update(PATH) / step.gradient(PATH)).item())
    assert rates == [0.25] * 3 if constant else [0.25, 0.125, 0.5]


# -- what a step keeps ----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_fit_did_not_keep_is_computed_again_to_the_same_bits(backend):
    whole, lean = conv_net(backend), conv_net(backend)
    expected = [whole.train_step(X, Y) for _ in range(3)]
    found = []
    lean.fit(
        X, Y, batch_size=12, epochs=3, shuffle=False, verbose=0,
        callbacks=nn.LambdaCallback(on_step=found.append),
    )  # fmt: skip
    for one, other in zip(found, expected, strict=True):
        assert all(call.kept == frozenset() for call in one.calls.values())
        assert_same_bits(contents(one), contents(other))


def test_frozen_layers_leave_the_other_gradients_alone_when_computed_again():
    whole, lean = conv_net(), conv_net()
    for model in (whole, lean):
        model.freeze("conv2d", "batch_normalization")
    step, found = whole.train_step(X, Y), []
    lean.fit(X, Y, shuffle=False, verbose=0, callbacks=nn.LambdaCallback(on_step=found.append))
    assert_same_bits(contents(found[0]), contents(step))


@pytest.mark.parametrize(
    "needs", [set(pair) for pair in itertools.combinations(sorted(ALL - {"inputs"}), 2)]
)
def test_fit_keeps_exactly_what_probes_need(needs):
    model, seen = conv_net(), []
    callbacks = [nn.LambdaCallback(needs={need}) for need in needs]
    model.fit(X, Y, verbose=0, callbacks=[*callbacks, nn.LambdaCallback(on_step=seen.append)])
    assert {call.kept for call in seen[0].calls.values()} == {frozenset(needs)}


def test_calls_are_seen_while_they_are_computed_and_nothing_is_kept_for_it():
    model, forward, backward, steps = conv_net(), {}, {}, []
    watcher = nn.LambdaCallback(
        on_forward=lambda call: forward.update({call.key: (call.kept, call.output)}),
        on_backward=lambda call: backward.update({call.key: (call.kept, call.output_gradient)}),
        on_step=steps.append,
    )
    model.fit(X, Y, verbose=0, callbacks=watcher)
    (step,) = steps
    assert list(forward) == list(step.calls) == list(reversed(backward))
    for key, call in step.calls.items():
        assert not call.kept
        assert forward[key][0] == FORWARD
        assert backward[key][0] == BACKWARD | {"cache"}
        np.testing.assert_array_equal(forward[key][1], call.output)
        np.testing.assert_array_equal(backward[key][1], call.output_gradient)


def test_a_call_that_is_computed_again_is_not_seen_again():
    model, keys = conv_net(), []
    watcher = nn.LambdaCallback(
        on_forward=lambda call: keys.append(call.key),
        on_step=lambda step: [call.output for call in step.calls.values()],
    )
    model.fit(X, Y, verbose=0, callbacks=watcher)
    assert len(keys) == len(set(keys))


def test_a_call_that_passes_no_gradient_on_is_not_seen_on_the_way_back():
    model, keys = conv_net(), []
    model.freeze("conv2d", "batch_normalization")
    watcher = nn.LambdaCallback(on_backward=lambda call: keys.append(call.path))
    model.fit(X, Y, verbose=0, callbacks=watcher)
    assert keys == ["dense/softmax", "dense"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("frozen", [(), ("conv2d",)])
def test_large_gradients_are_written_where_those_of_all_lie(backend, frozen, monkeypatch):
    steps = {}
    for large in (1, plan.LARGE):
        monkeypatch.setattr(plan, "LARGE", large)
        model = conv_net(backend)
        model.freeze(*frozen)
        steps[large] = [model.train_step(X, Y) for _ in range(2)]
    few, many = steps.values()
    for one, other in zip(few, many, strict=True):
        assert_same_bits(contents(one), contents(other))
        there = one.calls["dense"].param_gradients["kernel"]
        assert np.shares_memory(host(there), host(one.data_gradients.buffer))
        copied = other.calls["dense"].param_gradients["kernel"]
        assert not np.shares_memory(host(copied), host(other.data_gradients.buffer))


def test_gradients_with_several_shares_are_not(monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 1)
    x, shared = nn.Input((3,)), nn.Dense(3)
    model = nn.Model(x, shared(shared(x)), backend=BACKEND, dtype="float64", seed=0)
    model.compile("sgd", "mse")
    step = model.train_step(np.ones((2, 3)), np.zeros((2, 3)))
    first, second = (step.calls[f"dense#{i}"].param_gradients["kernel"] for i in range(2))
    assert not np.array_equal(host(first), host(second))
    np.testing.assert_array_equal(host(step.gradient(PATH)), host(second + first))


class Halves(nn.Dense):
    """Sums the gradients of two halves of the batch, as somebody who saves memory would."""

    def backward(self, ctx, params, cache, dy):
        half = len(dy) // 2
        parts = [
            super(Halves, self).backward(ctx, params, self.Cache(cache.x[some]), dy[some])
            for some in (slice(0, half), slice(half, None))
        ]
        (dx, other), (first, second) = (
            [part.inputs[0] for part in parts],
            [part.params for part in parts],
        )
        gradients = {name: first[name] + second[name] for name in first}
        return nn.Gradients((np.concatenate([dx, other]),), gradients)


class Twice(nn.Layer):
    """Applies a dense layer to its own output."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Dense(4, use_bias=False)

    def spec(self, *in_shapes):
        return self.inner.spec(*in_shapes)

    def forward(self, ctx, params, state, *xs):
        first = self.inner.forward(ctx, params, state, *xs)
        second = self.inner.forward(ctx, params, state, first.y)
        return nn.Output(second.y, (first.cache, second.cache))

    def backward(self, ctx, params, cache, dy):
        (between,), second = self.inner.backward(ctx, params, cache[1], dy)
        inputs, first = self.inner.backward(ctx, params, cache[0], between)
        return nn.Gradients(inputs, {"kernel": first["kernel"] + second["kernel"]})


@pytest.mark.host("they add NumPy's arrays")
@pytest.mark.parametrize("make", [lambda: Halves(4), Twice])
def test_layers_that_hand_their_context_on_have_gradients_of_their_own(make, monkeypatch):
    gradients = []
    for large in (1, plan.LARGE):
        monkeypatch.setattr(plan, "LARGE", large)
        model = nn.Sequential([nn.Input((4,)), make(), nn.Dense(2)], backend=BACKEND, seed=0)
        model.compile("sgd", "mse")
        x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
        gradients.append(model.train_step(x, np.ones((6, 2), np.float32)).data_gradients.buffer)
    np.testing.assert_array_equal(*gradients)


def test_train_step_keeps_everything():
    step = conv_net().train_step(X, Y)
    assert {call.kept for call in step.calls.values()} == {ALL}


def test_lean_steps_take_less_memory():
    assert set(FIELDS) == ALL
    peaks = measure("numpy")
    assert peaks["fit, no probe"] < 0.75 * peaks["train_step"]
    assert peaks["fit, no probe"] < 0.75 * peaks["fit, a probe that needs everything"]


def test_computing_a_step_changes_nothing():
    model = conv_net()
    batch = model.train_step(X, Y).batch
    before = {place: array.copy() for place, array in arrays_in(dict(model.params))}
    one, other = model.compute_step(batch), model.compute_step(batch)
    assert_same_bits(contents(one), contents(other))
    assert_same_bits(dict(arrays_in(dict(model.params))), before)
    assert model.iteration == 1
