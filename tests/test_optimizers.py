from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnscratch import optimizers, schedules
from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import UnknownNameError
from nnscratch.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
)
from tests.backends import BACKEND, BACKENDS

pytestmark = pytest.mark.host("optimizers are called by hand, on NumPy's arrays")

NUMPY = Context(get_backend(BACKEND))
SLICES = {"dense/kernel": slice(0, 4), "dense/bias": slice(4, 6), "out/kernel": slice(6, 9)}
EVERY_OPTIMIZER = [
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    SGD(0.1, momentum=0.9, nesterov=True),
    RMSprop(0.01),
    RMSprop(0.01, momentum=0.9),
    Adagrad(0.1),
    Adam(0.01),
    AdamW(0.01),
    Adadelta(10.0),
    Adamax(0.01),
    RMSprop(0.01, centered=True),
    RMSprop(0.01, momentum=0.5, centered=True),
    Adam(0.01, amsgrad=True),
    Nadam(0.01),
    Lion(0.01),
]
SLOTS = [
    (),
    ("velocity",),
    ("velocity",),
    ("mean_square",),
    ("mean_square", "velocity"),
    ("accumulator",),
    ("first_moment", "second_moment"),
    ("first_moment", "second_moment"),
    ("mean_square", "mean_square_step"),
    ("first_moment", "largest"),
    ("mean_square", "mean"),
    ("mean_square", "velocity", "mean"),
    ("first_moment", "second_moment", "largest"),
    ("first_moment", "second_moment"),
    ("first_moment",),
]


@pytest.fixture(params=BACKENDS)
def ctx(request):
    return Context(get_backend(request.param))


def label(optimizer):
    extra = getattr(optimizer, "momentum", 0), getattr(optimizer, "nesterov", False)
    return type(optimizer).__name__ + "_momentum" * bool(extra[0]) + "_nesterov" * extra[1]


def train(optimizer, ctx, start, gradients, slices=SLICES):
    """The parameters after each step, in Keras's order of things."""
    params, slots, trajectory = start, optimizer.init(ctx, start), []
    for iteration, gradient in enumerate(gradients):
        clipped = optimizer.clip(ctx, gradient, slices)
        decay = optimizer.decay(ctx, params, slices, iteration)
        params = params if decay is None else params + decay
        updates, slots = optimizer.update(ctx, params, clipped, slots, iteration)
        params = params + updates
        trajectory.append(params)
    return trajectory


def descend(optimizer, ctx, *gradients):
    """The trajectory of one parameter from 1."""
    trajectory = train(optimizer, ctx, np.ones(1), [np.array([g]) for g in gradients], {})
    return [float(params[0]) for params in trajectory]


# -- arithmetic -------------------------------------------------------------------------------


def test_sgd_by_hand(ctx):
    assert_allclose(descend(SGD(0.1), ctx, 2.0, -1.0), [0.8, 0.9], rtol=1e-15)


def test_momentum_by_hand(ctx):
    # v = -0.2, then 0.5 * -0.2 - 0.1 = -0.2
    assert_allclose(descend(SGD(0.1, 0.5), ctx, 2.0, 1.0), [0.8, 0.6], rtol=1e-15)


def test_nesterov_by_hand(ctx):
    # v = -0.2, -0.2; update = 0.5 v - lr g = -0.3, -0.2
    steps = descend(SGD(0.1, 0.5, nesterov=True), ctx, 2.0, 1.0)
    assert_allclose(steps, [0.7, 0.5], rtol=1e-15)


def test_rmsprop_adds_epsilon_inside_the_root(ctx):
    # s = 0.5 * 0 + 0.5 * 4 = 2, then 0.5 * 2 + 0.5 * 1 = 1.5
    steps = descend(RMSprop(0.1, rho=0.5, epsilon=0.25), ctx, 2.0, 1.0)
    first = 1 - 0.1 * 2 / math.sqrt(2.25)
    assert_allclose(steps, [first, first - 0.1 / math.sqrt(1.75)], rtol=1e-15)


def test_rmsprop_momentum_gathers_scaled_gradients(ctx):
    steps = descend(RMSprop(0.1, rho=0.5, momentum=0.5, epsilon=0.25), ctx, 2.0, 1.0)
    u, w = 0.1 * 2 / math.sqrt(2.25), 0.1 / math.sqrt(1.75)
    assert_allclose(steps, [1 - u, 1 - u - (0.5 * u + w)], rtol=1e-15)


def test_adagrad_starts_from_its_initial_value(ctx):
    # a = 0.1 + 4, then + 1
    steps = descend(Adagrad(0.1, epsilon=0.4), ctx, 2.0, 1.0)
    first = 1 - 0.1 * 2 / math.sqrt(4.5)
    assert_allclose(steps, [first, first - 0.1 / math.sqrt(5.5)], rtol=1e-15)


def test_adadelta_takes_the_size_of_its_steps_from_the_steps_before(ctx):
    steps = descend(Adadelta(0.1, rho=0.5, epsilon=0.25), ctx, 2.0, 1.0)
    first = 2 * math.sqrt(0.25 / 2.25)  # s = 2
    second = math.sqrt((first**2 / 2 + 0.25) / 1.75)  # s = 1.5
    assert_allclose(steps, [1 - 0.1 * first, 1 - 0.1 * (first + second)], rtol=1e-14)


def test_adamax_divides_by_the_largest_gradient_while_it_lasts(ctx):
    steps = descend(Adamax(0.1, beta_1=0.5, beta_2=0.75, epsilon=0.5), ctx, 2.0, 1.0)
    # m = 1, u = 2; then m = 1, u = 0.75 * 2
    first = 1 - 0.1 / 0.5 * 1 / 2.5
    assert_allclose(steps, [first, first - 0.1 / 0.75 * 1 / 2], rtol=1e-14)


def test_centred_rmsprop_divides_by_the_deviation(ctx):
    # s = 2, m = 1; then s = 1.5, m = 0
    steps = descend(RMSprop(0.1, rho=0.5, epsilon=0.25, centered=True), ctx, 2.0, -1.0)
    first = 1 - 0.1 * 2 / math.sqrt(2 - 1 + 0.25)
    assert_allclose(steps, [first, first + 0.1 / math.sqrt(1.75)], rtol=1e-14)


def test_amsgrad_forgets_no_large_gradient(ctx):
    # v = 4, 2, 1 of beta_2 = 0.5; the largest stays 4
    optimizer = Adam(0.1, beta_1=0.5, beta_2=0.5, epsilon=0.5, amsgrad=True)
    steps = [1.0, *descend(optimizer, ctx, math.sqrt(8), 0.0, 0.0)]
    means = [math.sqrt(8) / 2**t for t in (1, 2, 3)]
    for t, mean in enumerate(means, start=1):
        rate = 0.1 * math.sqrt(1 - 0.5**t) / (1 - 0.5**t)
        assert steps[t - 1] - steps[t] == pytest.approx(rate * mean / 2.5)


def test_nadam_by_hand(ctx):
    steps = descend(Nadam(0.1, beta_1=0.5, beta_2=0.75, epsilon=0.5), ctx, 2.0)
    u, v = 0.5 * (1 - 0.96 / 2), 0.5 * (1 - 0.96**2 / 2)  # m = 1, v = 1, v / (1 - 0.75) = 4
    mean = v * 1 / (1 - u * v) + (1 - u) * 2 / (1 - u)
    assert_allclose(steps, [1 - 0.1 * mean / 2.5], rtol=1e-14)


def test_nadam_warms_up_its_momentum_for_ever():
    product = 1.0
    for t in range(1, 1201):
        product *= 0.999 * (1 - 0.5 * 0.96**t)
        assert Nadam(beta_1=0.999)._product(t) == pytest.approx(product, rel=1e-12)


def test_lion_takes_steps_of_one_length(ctx):
    # m = 0.02 after the first; 0.9 * 0.02 - 0.1 * 0.1 > 0 > 0.9 * 0.02 - 0.1 * 0.3
    assert_allclose(descend(Lion(0.1), ctx, 2.0, -0.1), [0.9, 0.8], rtol=1e-15)
    assert_allclose(descend(Lion(0.1), ctx, 2.0, -0.3), [0.9, 1.0], rtol=1e-15)
    assert descend(Lion(0.1), ctx, 0.0) == [1.0]


def test_adam_adds_epsilon_outside_the_uncorrected_root(ctx):
    steps = descend(Adam(0.1, beta_1=0.5, beta_2=0.75, epsilon=0.5), ctx, 2.0, 1.0)
    # m = v = 1 after both steps; a = 0.1 sqrt(1/4) / (1/2), then 0.1 sqrt(7/16) / (3/4)
    first = 1 - 0.1 / 1.5
    assert_allclose(steps, [first, first - 0.1 * math.sqrt(7 / 16) / 0.75 / 1.5], rtol=1e-14)


def test_the_first_step_of_adam_is_the_learning_rate(ctx):
    for gradient in (1e-3, 1.0, 1e3):
        assert_allclose(descend(Adam(0.1), ctx, gradient), [0.9], rtol=1e-3)


def test_weight_decay_is_the_learning_rates_share_and_comes_first(ctx):
    # 1 - 1 * 0.5 * 0.1 = 0.95, minus 0.2; then 0.75 - 0.75 * 0.05
    steps = descend(SGD(0.1, weight_decay=0.5), ctx, 2.0, 0.0)
    assert_allclose(steps, [0.75, 0.7125], rtol=1e-15)


def test_adamw_is_adam_with_decay(ctx):
    gradients = np.random.default_rng(0).standard_normal((5, 9))
    left = train(AdamW(0.01, 0.1), ctx, np.ones(9), gradients)
    right = train(Adam(0.01, weight_decay=0.1), ctx, np.ones(9), gradients)
    assert_array_equal(left, right)
    assert not np.array_equal(left, train(Adam(0.01), ctx, np.ones(9), gradients))


def test_defaults_are_keras_ones():
    assert SGD() == SGD(0.01, 0.0, False)
    assert RMSprop() == RMSprop(0.001, 0.9, 0.0, 1e-7)
    assert Adagrad() == Adagrad(0.001, 0.1, 1e-7)
    assert Adadelta() == Adadelta(0.001, 0.95, 1e-7)
    assert Adamax() == Adamax(0.001, 0.9, 0.999, 1e-7)
    assert Adam() == Adam(0.001, 0.9, 0.999, 1e-7)
    assert AdamW() == AdamW(0.001, 0.004, 0.9, 0.999, 1e-7)
    assert Adam().weight_decay is None
    assert Nadam() == Nadam(0.001, 0.9, 0.999, 1e-7)
    assert Lion() == Lion(0.001, 0.9, 0.99)
    assert SGD() == SGD(use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None)


def test_a_schedule_is_read_at_every_iteration(ctx):
    optimizer = SGD(schedules.PiecewiseConstantDecay([0], [0.1, 0.01]))
    assert [optimizer.learning_rate_at(i) for i in range(3)] == [0.1, 0.01, 0.01]
    assert_allclose(descend(optimizer, ctx, 1.0, 1.0), [0.9, 0.89], rtol=1e-15)


def test_another_learning_rate_is_another_optimizer():
    optimizer = Adam(schedules.CosineDecay(0.1, 10), beta_1=0.5, clipnorm=2.0)
    slower = optimizer.with_learning_rate(0.01)
    assert slower == Adam(0.01, beta_1=0.5, clipnorm=2.0)
    assert optimizer.learning_rate_at(0) == 0.1


# -- purity -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "names"), list(zip(EVERY_OPTIMIZER, SLOTS, strict=True)), ids=str
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_update_changes_nothing_that_it_is_given(ctx, optimizer, names, dtype):
    rng = np.random.default_rng(0)
    params, gradients = rng.standard_normal((2, 9)).astype(dtype)
    slots = optimizer.init(ctx, params)
    assert set(slots) == set(names)
    _, slots = optimizer.update(ctx, params, gradients, slots, 0)
    given = [params, gradients, *slots.values()]
    before = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    first, again = (optimizer.update(ctx, params, gradients, slots, 1) for _ in range(2))
    for array, old in zip(given, before, strict=True):
        assert_array_equal(array, old)
    assert set(first[1]) == set(names)
    for one, two in zip(
        [first[0], *first[1].values()], [again[0], *again[1].values()], strict=True
    ):
        assert_array_equal(one, two)
        assert (one.shape, one.dtype) == ((9,), np.dtype(dtype))
        assert not any(np.shares_memory(one, array) for array in given)


@settings(deadline=None, max_examples=40)
@given(
    which=st.sampled_from(range(len(EVERY_OPTIMIZER))),
    cut=st.integers(1, 8),
    steps=st.integers(1, 4),
    seed=st.integers(0, 99),
    backend=st.sampled_from(BACKENDS),
)
def test_an_arena_in_two_pieces_goes_the_same_way(which, cut, steps, seed, backend):
    optimizer, ctx = EVERY_OPTIMIZER[which], Context(get_backend(backend))
    rng = np.random.default_rng(seed)
    start, gradients = rng.standard_normal(9), rng.standard_normal((steps, 9))
    whole = train(optimizer, ctx, start, gradients)[-1]
    left = train(optimizer, ctx, start[:cut], gradients[:, :cut], {})[-1]
    right = train(optimizer, ctx, start[cut:], gradients[:, cut:], {})[-1]
    assert_array_equal(whole, np.concatenate([left, right]))


@pytest.mark.parametrize("optimizer", EVERY_OPTIMIZER, ids=label)
def test_every_optimizer_finds_the_bottom_of_a_bowl(ctx, optimizer):
    params = np.full(9, 1.0)
    slots = optimizer.init(ctx, params)
    for iteration in range(400):
        updates, slots = optimizer.update(ctx, params, params - 0.5, slots, iteration)
        params = params + updates
    assert_allclose(params, 0.5, atol=0.05)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("optimizer", EVERY_OPTIMIZER, ids=label)
@pytest.mark.parametrize("average", [False, True])
def test_one_pass_gives_the_bits_of_the_update_and_the_sum(backend, optimizer, average):
    ctx = Context(get_backend(backend))
    optimizer = dataclasses.replace(optimizer, use_ema=average)
    rng = np.random.default_rng(3)
    params, *gradients = rng.standard_normal((4, 999), dtype=np.float32)
    slots = optimizer.begin(ctx, params)
    for iteration, gradient in enumerate(gradients):
        args = (ctx, params, gradient, slots, iteration)
        updates, expected = optimizer.advance(*args)
        params, slots = optimizer.descend(*args)
        assert_array_equal(params, args[1] + updates)
        assert slots.keys() == expected.keys()
        for name, slot in slots.items():
            assert_array_equal(slot, expected[name])


class Half:
    """Asks for half of what the next class of its object asks for."""

    def update(self, ctx, params, gradients, slots, iteration):
        updates, slots = super().update(ctx, params, gradients, slots, iteration)
        return updates / 2, slots


@pytest.mark.parametrize("bases", [(Half, SGD), (Half, Adam)], ids=["SGD", "Adam"])
def test_an_update_of_ones_own_is_not_passed_over(ctx, bases):
    mixed = type("Mixed", bases, {})
    heir = type("Heir", (mixed,), {})
    direct = type("Direct", bases[1:], {"update": lambda *args: (-args[3], args[4])})
    params, gradients = np.ones(9), np.full(9, 0.5)
    for own in (mixed(), heir(), direct()):
        slots = own.init(ctx, params)
        updates, _ = own.update(ctx, params, gradients, slots, 0)
        assert_array_equal(own.descend(ctx, params, gradients, slots, 0)[0], params + updates)


class Slower(Optimizer):
    """Goes half as far as the class before it in its object's order of classes."""

    def __init_subclass__(cls, tag="", **keywords):
        super().__init_subclass__(**keywords)

    def advance(self, ctx, params, gradients, slots, iteration):
        updates, slots = super().advance(ctx, params, gradients, slots, iteration)
        return updates / 2, slots


def test_an_advance_behind_a_rule_with_a_single_pass_is_heeded(ctx):
    class Mine(SGD, Slower, tag="mine"):
        pass

    moved, _ = Mine(0.5).descend(ctx, np.ones(9), np.ones(9), {}, 0)
    assert_array_equal(moved, np.full(9, 0.75))


def test_an_optimizer_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SGD().learning_rate = 0.1


# -- moving averages ----------------------------------------------------------------------------


def averaged(optimizer, ctx, *gradients):
    """The parameter, from 1, and its average after each step."""
    params, slots = np.ones(1), optimizer.begin(ctx, np.ones(1))
    for iteration, gradient in enumerate(gradients):
        args = (ctx, params, np.array([gradient]), slots, iteration)
        updates, slots = optimizer.advance(*args)
        params = params + updates
        yield float(params[0]), float(slots["average"][0])


def test_the_first_average_is_that_of_the_first_step(ctx):
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.75)
    steps = list(averaged(optimizer, ctx, 2.0, 1.0, 1.0))
    expected = [(0.8, 0.8), (0.7, 0.775), (0.6, 0.73125)]
    assert_allclose(steps, expected, rtol=1e-14)


def test_the_average_may_replace_the_parameters_now_and_then(ctx):
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.75, ema_overwrite_frequency=2)
    steps = list(averaged(optimizer, ctx, 2.0, 1.0, 1.0))
    expected = [(0.8, 0.8), (0.775, 0.775), (0.675, 0.75)]
    assert_allclose(steps, expected, rtol=1e-14)


def test_without_an_average_nothing_is_kept(ctx):
    assert SGD(0.1).begin(ctx, np.ones(1)) == {}
    assert SGD(0.1).advance(ctx, np.ones(1), np.ones(1), {}, 0)[1] == {}


# -- clipping ---------------------------------------------------------------------------------

GRADIENTS = np.array([3.0, 0, 4, 0, 0.3, 0.4, 0, 0, 12])  # norms 5, 0.5 and 12; together 13.0096


def test_without_clipping_the_gradients_are_the_same_array():
    assert SGD().clip(NUMPY, GRADIENTS, SLICES) is GRADIENTS


def test_clipnorm_shortens_each_parameters_gradient():
    clipped = SGD(clipnorm=1.0).clip(NUMPY, GRADIENTS, SLICES)
    assert_allclose(clipped, [0.6, 0, 0.8, 0, 0.3, 0.4, 0, 0, 1], rtol=1e-15)


def test_global_clipnorm_shortens_all_alike():
    clipped = SGD(global_clipnorm=1.0).clip(NUMPY, GRADIENTS, SLICES)
    assert_allclose(clipped, GRADIENTS / math.sqrt(25 + 0.25 + 144), rtol=1e-15)


def test_clipvalue_cuts_each_number():
    clipped = SGD(clipvalue=1.0).clip(NUMPY, np.array([-3.0, -1, 0.5, 2]), {})
    assert_array_equal(clipped, [-1, -1, 0.5, 1])


@pytest.mark.parametrize("how", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_that_are_short_enough_keep_their_bits(how, dtype):
    gradients = np.random.default_rng(0).standard_normal(9).astype(dtype)
    gradients.flags.writeable = False
    clipped = SGD(**{how: 100.0}).clip(NUMPY, gradients, SLICES)
    assert_array_equal(clipped, gradients)
    assert clipped.dtype == dtype


def test_a_zero_gradient_stays_zero():
    assert not SGD(clipnorm=1.0).clip(NUMPY, np.zeros(9), SLICES).any()


def test_norms_of_float32_neither_overflow_nor_vanish():
    huge = np.full(9, 1e30, "float32")
    assert_allclose(SGD(global_clipnorm=3.0).clip(NUMPY, huge, SLICES), np.ones(9), rtol=1e-6)
    tiny = np.full(9, 1e-30, "float32")
    clipped = SGD(global_clipnorm=3e-35).clip(NUMPY, tiny, SLICES)
    assert_allclose(clipped, np.full(9, 1e-35, "float32"), rtol=1e-4)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_what_is_not_finite_still_shows(broken):
    gradients = np.where(np.arange(9) == 8, broken, GRADIENTS)
    assert np.isnan(SGD(global_clipnorm=1.0).clip(NUMPY, gradients, SLICES)).all()
    by_parameter = SGD(clipnorm=1.0).clip(NUMPY, gradients, SLICES)
    assert np.isnan(by_parameter[SLICES["out/kernel"]]).all()
    assert np.isfinite(by_parameter[:6]).all()
    assert np.isnan(SGD(clipvalue=1.0).clip(NUMPY, np.array([math.nan]), {})).all()


def test_clipping_happens_before_the_momentum(ctx):
    assert_allclose(descend(SGD(0.1, clipvalue=0.5), ctx, 2.0, -2.0), [0.95, 1.0], rtol=1e-15)


# -- weight decay -----------------------------------------------------------------------------


def test_decay_is_none_unless_asked_for():
    assert SGD().decay(NUMPY, np.ones(9), SLICES, 0) is None


def test_excluded_weights_do_not_decay():
    optimizer = AdamW(0.1, 0.5, exclude_from_weight_decay=["*/bias", "out/*"])
    params = np.arange(1.0, 10)
    params.flags.writeable = False
    expected = np.where(np.arange(9) < 4, -0.05 * params, 0)
    assert_allclose(optimizer.decay(NUMPY, params, SLICES, 0), expected, rtol=1e-15)


def test_decay_follows_the_schedule_and_keeps_the_dtype():
    optimizer = SGD(schedules.PiecewiseConstantDecay([0], [0.1, 0.01]), weight_decay=1.0)
    decay = optimizer.decay(NUMPY, np.ones(9, "float32"), SLICES, 1)
    assert_array_equal(decay, np.full(9, -0.01, "float32"))
    assert decay.dtype == np.float32


def test_a_pattern_that_excludes_nothing_is_an_error():
    optimizer = AdamW(exclude_from_weight_decay=["dense/biass"])
    with pytest.raises(UnknownNameError, match="did you mean 'dense/bias'"):
        optimizer.decay(NUMPY, np.ones(9), SLICES, 0)


# -- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "learning_rate: expected a finite number >= 0"),
        (lambda: SGD(math.nan), "learning_rate: expected a finite number >= 0"),
        (lambda: SGD(momentum=1.5), "momentum: expected a finite number >= 0 and <= 1, got 1.5"),
        (lambda: RMSprop(rho=1.0), "rho: expected a finite number >= 0 and < 1, got 1.0"),
        (lambda: Adam(beta_2=1), "beta_2: expected a finite number >= 0 and < 1, got 1"),
        (lambda: Adam(epsilon=0.0), "epsilon: expected a finite number > 0, got 0.0"),
        (lambda: Adagrad(initial_accumulator_value=-1.0), "initial_accumulator_value: .* >= 0"),
        (lambda: SGD(weight_decay=-0.1), "weight_decay: expected a finite number >= 0, got -0.1"),
        (lambda: SGD(clipnorm=0.0), "clipnorm: expected a finite number > 0, got 0.0"),
        (lambda: SGD(clipvalue=math.inf), "clipvalue: expected a finite number > 0, got inf"),
        (lambda: SGD(clipnorm=1.0, clipvalue=1.0), "choose one of clipnorm and clipvalue"),
        (
            lambda: Adam(clipvalue=1.0, global_clipnorm=1.0),
            "Adam: choose one of clipvalue and global_clipnorm",
        ),
        (lambda: SGD(exclude_from_weight_decay=["*/bias"]), "without weight_decay"),
        (lambda: SGD(momentum="0.9"), "SGD momentum: expected a finite number .*, got '0.9'"),
        (lambda: SGD(momentum=True), "SGD momentum: expected a finite number .*, got True"),
        (lambda: Adam(epsilon=None), "Adam epsilon: expected a finite number > 0, got None"),
        (lambda: AdamW(weight_decay=None), "weight_decay: expected a finite number .*, got None"),
        (lambda: SGD(0.1, 0.9, "no"), "SGD nesterov: expected True or False, got 'no'"),
        (lambda: RMSprop(centered=1), "RMSprop centered: expected True or False, got 1"),
        (lambda: AdamW(amsgrad=None), "AdamW amsgrad: expected True or False, got None"),
        (lambda: Lion(beta_1=0), "Lion beta_1: expected a finite number > 0 and <= 1, got 0"),
        (lambda: SGD(use_ema="yes"), "SGD use_ema: expected True or False"),
        (lambda: SGD(ema_momentum=1.5), "SGD ema_momentum: expected a finite number"),
        (lambda: SGD(ema_overwrite_frequency=5), "5 without use_ema=True; give both or neither"),
        (lambda: SGD(ema_overwrite_frequency=0), "ema_overwrite_frequency: expected a whole"),
    ],
)
def test_numbers_and_flags_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD("fast"), "learning rate: expected a number or a schedule"),
        (lambda: AdamW(exclude_from_weight_decay="*/bias"), "expected .* to be patterns"),
        (lambda: SGD(0.1, 0.9, True, 1), "takes from 1 to 4 positional arguments"),
    ],
)
def test_arguments_of_another_kind_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_numpy_scalars_do_not_widen_float32():
    optimizer = RMSprop(np.float64(0.1), momentum=np.float64(0.9), weight_decay=np.float64(0.1))
    params = np.ones(9, "float32")
    assert train(optimizer, NUMPY, params, [params] * 2)[-1].dtype == np.float32


# -- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", SGD()),
        ("SGD", SGD()),
        ("rmsprop", RMSprop()),
        ("RMSprop", RMSprop()),
        ("adagrad", Adagrad()),
        ("adadelta", Adadelta()),
        ("adamax", Adamax()),
        ("nadam", Nadam()),
        ("lion", Lion()),
        ("adam", Adam()),
        ("AdamW", AdamW()),
    ],
)
def test_optimizers_go_by_keras_names(name, expected):
    assert optimizers.get(name) == expected


def test_an_instance_is_itself():
    optimizer = SGD(0.5)
    assert optimizers.get(optimizer) is optimizer


def test_an_unknown_name_brings_up_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'adam'"):
        optimizers.get("addam")


@pytest.mark.parametrize("wrong", [SGD, 0.1, None])
def test_other_things_are_no_optimizers(wrong):
    with pytest.raises(TypeError, match="optimizer: expected a name"):
        optimizers.get(wrong)


# -- parity -----------------------------------------------------------------------------------


def torch_trajectory(make, start, gradients):
    import torch

    w = torch.tensor(start, requires_grad=True)
    optimizer = make([w])
    for gradient in gradients:
        w.grad = torch.tensor(gradient)
        optimizer.step()
    return w.detach().numpy()


@pytest.mark.parity
@pytest.mark.parametrize(
    ("ours", "theirs", "arguments"),
    [
        (SGD(0.1), "SGD", {"lr": 0.1}),
        (SGD(0.1, 0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
        (SGD(0.1, 0.9, nesterov=True), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        (
            Adagrad(0.1, epsilon=1e-30),
            "Adagrad",
            {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 0.0},
        ),
        (RMSprop(0.01, epsilon=1e-30), "RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 0.0}),
        (
            RMSprop(0.01, momentum=0.5, epsilon=1e-30),
            "RMSprop",
            {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "eps": 0.0},
        ),
        (Adam(0.01, epsilon=1e-30), "Adam", {"lr": 0.01, "eps": 0.0}),
        (Adadelta(0.5), "Adadelta", {"lr": 0.5, "rho": 0.95, "eps": 1e-7}),
        (Adamax(0.01, epsilon=1e-30), "Adamax", {"lr": 0.01, "eps": 0.0}),
        (
            RMSprop(0.01, epsilon=1e-30, centered=True),
            "RMSprop",
            {"lr": 0.01, "alpha": 0.9, "eps": 0.0, "centered": True},
        ),
        (
            Adam(0.01, epsilon=1e-30, amsgrad=True),
            "Adam",
            {"lr": 0.01, "eps": 0.0, "amsgrad": True},
        ),
        (AdamW(0.01, 0.1, epsilon=1e-30), "AdamW", {"lr": 0.01, "weight_decay": 0.1, "eps": 0.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_torch_goes_the_same_way_where_epsilon_does_not_matter(ctx, ours, theirs, arguments):
    """The two add epsilon in different places: without it they agree."""
    import torch

    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(9), rng.standard_normal((10, 9))
    expected = torch_trajectory(
        lambda params: getattr(torch.optim, theirs)(params, **arguments), start, gradients
    )
    assert_allclose(train(ours, ctx, start, gradients)[-1], expected, rtol=1e-12)


@pytest.mark.parity
def test_torch_looks_ahead_alike():
    """Where its momentum warms up as fast; it keeps the product of momenta in float32."""
    import torch

    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(9), rng.standard_normal((10, 9))
    expected = torch_trajectory(
        lambda params: torch.optim.NAdam(params, lr=0.01, eps=0.0, momentum_decay=1.0),
        start,
        gradients,
    )
    ours = train(Nadam(0.01, epsilon=1e-30), NUMPY, start, gradients)[-1]
    assert_allclose(ours, expected, rtol=1e-7)


@pytest.mark.parity
def test_torch_shortens_gradients_alike():
    import torch

    w = torch.zeros(9, dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor(GRADIENTS)
    torch.nn.utils.clip_grad_norm_([w], 1.0)
    clipped = SGD(global_clipnorm=1.0).clip(NUMPY, GRADIENTS, SLICES)
    assert_allclose(clipped, w.grad.numpy(), rtol=1e-6)  # torch adds 1e-6 to the norm
