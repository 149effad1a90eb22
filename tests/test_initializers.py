from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch import initializers
from nnscratch.core.errors import DTypeError, ShapeError, UnknownNameError
from nnscratch.initializers import NAMES, Dirac, Orthogonal, UnitMatrix, fans
from nnscratch.initializers.random import TRUNCATED_STDDEV

SHAPES = {"matrix": (300, 400), "kernel": (3, 5, 64, 80), "vector": (90_000,)}
SCALED = {
    "glorot_uniform": (1, "avg", "uniform"),
    "glorot_normal": (1, "avg", "truncated"),
    "he_uniform": (2, "in", "uniform"),
    "he_normal": (2, "in", "truncated"),
    "lecun_uniform": (1, "in", "uniform"),
    "lecun_normal": (1, "in", "truncated"),
    "variance_scaling": (1, "in", "truncated"),
}
RANKS = {"identity": [2], "dirac": [4], "unit_matrix": [4], "orthogonal": [2, 4]}


def rng(seed=0):
    return np.random.default_rng(seed)


def draw(initializer, shape, seed=0):
    return initializers.get(initializer)(shape, rng(seed))


def sizes(least=1, most=5):
    return st.integers(least, most)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 4), (3, 4)),
        ((5, 3, 4), (15, 20)),
        ((3, 5, 2, 8), (30, 120)),
    ],
)
def test_fans(shape, expected):
    assert fans(shape) == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_initializer_gives_new_float64_of_the_shape(name):
    initializer = initializers.get(name)
    for rank in RANKS.get(name, [1, 2, 4]):
        shape = (3, 2, 4, 5)[:rank]
        values = initializer(shape, rng())
        assert values.shape == shape
        assert values.dtype == np.float64
        values[...] = 99.0
        assert (initializer(shape, rng()) != 99.0).all()


# -- statistics -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", SCALED)
def test_variance_is_scale_over_fan(name, shape):
    scale, mode, distribution = SCALED[name]
    fan_in, fan_out = fans(shape)
    variance = scale / {"in": fan_in, "avg": (fan_in + fan_out) / 2}[mode]
    values = draw(name, shape)
    assert values.mean() == pytest.approx(0, abs=5 * math.sqrt(variance / values.size))
    assert values.var() == pytest.approx(variance, rel=0.02)
    stddev = math.sqrt(variance)
    limit = stddev * (math.sqrt(3) if distribution == "uniform" else 2 / TRUNCATED_STDDEV)
    assert 0.999 * limit < np.abs(values).max() <= limit


def test_untruncated_normal_goes_beyond_two_deviations():
    initializer = initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal")
    values = initializer((200, 300), rng())
    assert values.var() == pytest.approx(3 / 300, rel=0.02)
    assert np.abs(values).max() > 3 * values.std()


def test_the_truncation_constant_is_that_of_the_formula():
    # Var of a standard normal cut at +-a: 1 - 2 a phi(a) / (2 Phi(a) - 1).
    a = 2.0
    density = math.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    assert pytest.approx(math.sqrt(1 - 2 * a * density / math.erf(a / math.sqrt(2)))) == (
        TRUNCATED_STDDEV
    )


def test_plain_distributions_have_their_parameters():
    shape = (100_000,)
    normal = initializers.RandomNormal(1.0, 2.0)(shape, rng())
    assert (normal.mean(), normal.std()) == pytest.approx((1.0, 2.0), abs=0.03)
    cut = initializers.TruncatedNormal(1.0, 2.0)(shape, rng())
    assert (cut.mean(), cut.std()) == pytest.approx((1.0, 2.0 * TRUNCATED_STDDEV), abs=0.03)
    assert -3.0 <= cut.min() < -2.9
    assert 4.9 < cut.max() <= 5.0
    uniform = initializers.RandomUniform(-1.0, 3.0)(shape, rng())
    assert (uniform.min(), uniform.max()) == pytest.approx((-1.0, 3.0), abs=0.001)
    assert uniform.std() == pytest.approx(4 / math.sqrt(12), rel=0.01)


def test_defaults_are_keras():
    shape = (100_000,)
    assert draw("random_normal", shape).std() == pytest.approx(0.05, rel=0.01)
    assert draw("truncated_normal", shape).std() == pytest.approx(0.05 * TRUNCATED_STDDEV, rel=0.01)
    assert np.abs(draw("random_uniform", shape)).max() == pytest.approx(0.05, rel=0.001)
    assert draw("constant", (2,)).tolist() == [0.0, 0.0]


# -- seeds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SCALED, "random_normal", "truncated_normal", "orthogonal"])
def test_the_generator_decides_unless_there_is_a_seed(name):
    shape = (6, 7)
    np.testing.assert_array_equal(draw(name, shape, 1), draw(name, shape, 1))
    assert (draw(name, shape, 1) != draw(name, shape, 2)).any()
    seeded = NAMES[name](seed=5)
    np.testing.assert_array_equal(seeded(shape, rng(1)), seeded(shape, rng(2)))
    assert (seeded(shape, rng(1)) != NAMES[name](seed=6)(shape, rng(1))).any()


def test_a_generator_goes_on_from_weight_to_weight():
    generator = rng()
    he = initializers.HeNormal()
    assert (he((3, 3), generator) != he((3, 3), generator)).any()


# -- orthogonal -------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(sizes(), min_size=2, max_size=4), st.floats(0.1, 3.0))
def test_orthogonal_columns_or_rows(shape, gain):
    values = Orthogonal(gain)(tuple(shape), rng())
    matrix = values.reshape(-1, shape[-1]) / gain
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-12)


def test_orthogonal_is_uniform():
    # Of a uniform orthogonal matrix every entry has the mean 0; LAPACK's own Q has negative
    # diagonals more often.
    trace = np.mean([np.trace(Orthogonal(seed=seed)((3, 3), rng())) for seed in range(2000)])
    assert abs(trace) < 0.1


# -- unit kernels -----------------------------------------------------------------------------


def same_convolution(x, kernel, groups=1):
    """Plain loops over taps: x (N, H, W, C), kernel (kh, kw, C/groups, O), stride 1, "same"."""
    kh, kw, depth, filters = kernel.shape
    top, left = (kh - 1) // 2, (kw - 1) // 2
    padded = np.pad(x, ((0, 0), (top, kh - 1 - top), (left, kw - 1 - left), (0, 0)))
    y = np.zeros((*x.shape[:3], filters))
    for o in range(filters):
        first = o // (filters // groups) * depth
        for i in range(kh):
            for j in range(kw):
                patch = padded[:, i : i + x.shape[1], j : j + x.shape[2], first : first + depth]
                y[..., o] += patch @ kernel[i, j, :, o]
    return y


@settings(deadline=None)
@given(sizes(), sizes(), sizes(1, 3), sizes(1, 3))
def test_dirac_makes_same_convolution_the_identity(kh, kw, groups, depth):
    x = rng().standard_normal((2, 4, 6, groups * depth))
    kernel = Dirac(groups)((kh, kw, depth, groups * depth), rng())
    np.testing.assert_array_equal(same_convolution(x, kernel, groups), x)


@settings(deadline=None)
@given(sizes(), sizes(), sizes(), sizes())
def test_dirac_has_one_tap_for_each_channel_and_filter(kh, kw, channels, filters):
    x = rng().standard_normal((2, 4, 6, channels))
    kernel = Dirac()((kh, kw, channels, filters), rng())
    live = min(channels, filters)
    assert kernel.sum() == np.count_nonzero(kernel) == live
    y = same_convolution(x, kernel)
    np.testing.assert_array_equal(y[..., :live], x[..., :live])
    assert not y[..., live:].any()


def test_unit_matrix_lies_in_every_window():
    kernel = UnitMatrix()((3, 4, 2, 5), rng())
    for channel in range(2):
        for o in range(5):
            np.testing.assert_array_equal(kernel[:, :, channel, o], np.eye(3, 4))


def test_ones_zeros_and_identity():
    assert (draw("ones", (3, 3, 2, 2)) == 1).all()
    assert not draw("zeros", (3, 3)).any()
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3), rng()), [[2, 0, 0], [0, 2, 0]])


def test_a_kernel_cannot_be_an_identity_but_a_dirac():
    with pytest.raises(ShapeError, match=r"Identity: .* \(3, 3, 1, 8\).* Dirac\(\)"):
        draw("identity", (3, 3, 1, 8))


@pytest.mark.parametrize("name", ["dirac", "unit_matrix"])
def test_unit_kernels_are_for_convolutions(name):
    with pytest.raises(ShapeError, match=r"expected a convolution kernel .* \(3, 4\)"):
        draw(name, (3, 4))


@pytest.mark.parametrize("groups", [0, 3])
def test_dirac_refuses_groups_that_do_not_divide(groups):
    with pytest.raises(ShapeError, match=f"4 filters do not form {groups} equal groups"):
        Dirac(groups)((3, 3, 2, 4), rng())


def test_orthogonal_needs_a_matrix():
    with pytest.raises(ShapeError, match=r"two axes or more, got the shape \(4,\)"):
        draw("orthogonal", (4,))


# -- arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_an_array_is_given_as_it_was(dtype):
    given_values = np.arange(6, dtype=dtype).reshape(2, 3)
    initializer = initializers.get(given_values)
    given_values[...] = -1
    values = initializer((2, 3), rng())
    np.testing.assert_array_equal(values, [[0, 1, 2], [3, 4, 5]])
    values[...] = -1
    np.testing.assert_array_equal(initializer((2, 3), rng()), [[0, 1, 2], [3, 4, 5]])


def test_an_array_must_fit():
    with pytest.raises(ShapeError, match=r"has the shape \(3, 2\), the values given \(2, 3\)"):
        draw(np.zeros((2, 3)), (3, 2))


def test_an_array_must_be_of_real_numbers():
    with pytest.raises(DTypeError, match="real numbers, got complex128"):
        initializers.get(np.zeros(2, complex))


# -- names ------------------------------------------------------------------------------------


def test_get_knows_both_spellings_instances_and_functions():
    assert initializers.get("he_normal") == initializers.get("HeNormal") == initializers.HeNormal()
    instance = initializers.Constant(3.0)
    assert initializers.get(instance) is instance

    def halves(shape, rng):
        return np.full(shape, 0.5)

    assert initializers.get(halves) is halves


def test_get_proposes_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")


@pytest.mark.parametrize("identifier", [None, 3.0, initializers.HeNormal, [1.0, 2.0]])
def test_get_refuses_what_is_no_initializer(identifier):
    with pytest.raises(TypeError, match=r"an instance such as HeNormal\(\), got"):
        initializers.get(identifier)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, None])
def test_variance_scaling_needs_a_positive_scale(scale):
    with pytest.raises(ValueError, match="scale: expected a finite number > 0"):
        initializers.VarianceScaling(scale)


def test_variance_scaling_lists_its_modes_and_distributions():
    with pytest.raises(ValueError, match=r"a mode of .*'fan_avg'.*, got 'fan'"):
        initializers.VarianceScaling(mode="fan")
    with pytest.raises(ValueError, match=r"a distribution of .*'uniform'.*, got 'normal'"):
        initializers.VarianceScaling(distribution="normal")
