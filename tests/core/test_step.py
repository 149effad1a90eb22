"""A training step as a value: what it says of itself, and that it stays what it was."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core import plan
from nnscratch.core.errors import NNError, UnknownNameError
from tests.backends import BACKEND, BACKENDS, host
from tests.nets import assert_same_bits, contents, conv_net, images, linear

X, Y = images()
every_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def step():
    return conv_net().train_step(X, Y)


@pytest.fixture
def siamese_step():
    """A step of a net that calls its only layer with weights three times."""
    left, right = nn.Input((4,)), nn.Input((4,))
    shared = nn.Dense(4, name="shared")
    distance = nn.Add()([shared(left), shared(shared(right))])
    model = nn.Model([left, right], distance, backend=BACKEND, dtype="float64", seed=0)
    model.compile("sgd", "mse")
    rng = np.random.default_rng(1)
    return model.train_step([rng.normal(size=(5, 4)) for _ in range(2)], rng.normal(size=(5, 4)))


def test_gradient_is_the_sum_of_data_and_penalty_part(step):
    for path in step.before:
        parts = step.data_gradients[path] + step.penalty_gradients[path]
        np.testing.assert_array_equal(step.gradient(path), parts)
    assert np.any(step.penalty_gradients["conv2d/kernel"])
    assert not np.any(step.penalty_gradients["dense/kernel"])


def test_loss_holds_the_penalty(step):
    kernel = host(step.before["conv2d/kernel"]).astype(float)
    assert step.penalty == pytest.approx(0.01 * np.sum(kernel**2))
    probabilities = host(step["dense/softmax"].output)[np.arange(len(Y)), Y]
    assert step.loss == pytest.approx(step.penalty - np.mean(np.log(probabilities)), rel=1e-6)


def test_applied_is_the_difference_in_float64(step):
    for path, value in step.before.items():
        applied = step.applied(path)
        assert applied.dtype == np.float64
        np.testing.assert_array_equal(value.astype(float) + applied, step.after[path].astype(float))


@pytest.mark.parametrize(("dtype", "applied"), [("float32", 0), ("float64", -0.16)])
def test_applied_shows_what_rounding_swallowed(dtype, applied):
    layer = nn.Dense(1, use_bias=False, kernel_initializer=nn.initializers.Constant(1e8))
    model = nn.Sequential([nn.Input((1,)), layer], backend=BACKEND, dtype=dtype, seed=0)
    model.compile(nn.SGD(0.01), "mse")
    step = model.train_step([[1.0]], [[1e8 - 8]])  # neighbours of 1e8 are 8 apart in float32
    assert step.update("dense/kernel").item() == pytest.approx(-0.16)
    assert step.applied("dense/kernel").item() == pytest.approx(applied, rel=1e-6)
    remark = "1 entries were asked to change by less than rounding allows"
    assert (remark in step.explain("dense/kernel")) == (dtype == "float32")


def test_shares_of_a_shared_layer_sum_to_its_gradient(siamese_step):
    shares = siamese_step.shares("shared/kernel")
    assert list(shares) == ["shared#0", "shared#1", "shared#2"]
    total = shares["shared#2"] + shares["shared#1"] + shares["shared#0"]
    np.testing.assert_allclose(siamese_step.gradient("shared/kernel"), total, rtol=1e-13)
    text = siamese_step.explain("shared/kernel")
    assert all(f"share of {key}" in text for key in shares)
    assert "the calls' shares add up to" in text


def test_state_is_shown_before_and_after(step):
    before, after = step.state["batch_normalization"], step.state_after["batch_normalization"]
    np.testing.assert_array_equal(before["moving_mean"], np.zeros(4))
    inputs = step["batch_normalization"].inputs[0]
    np.testing.assert_allclose(after["moving_mean"], 0.01 * inputs.mean((0, 1, 2)), atol=1e-7)
    call = step["batch_normalization"]
    assert call.state_in["moving_mean"] is before["moving_mean"]
    assert call.state_out["moving_mean"] is after["moving_mean"]


def test_slots_are_shown_before_and_after(step):
    moment = step.slots_after["first_moment"]["dense/bias"]
    assert not np.any(step.slots["first_moment"]["dense/bias"])
    np.testing.assert_allclose(moment, 0.1 * step.gradient("dense/bias"), rtol=1e-5)


def test_next_step_starts_where_this_one_ended():
    model = conv_net()
    first, second = (model.train_step(X, Y) for _ in range(2))
    assert (first.index, second.index) == (0, 1)
    assert second.before is first.after
    assert second.slots is first.slots_after
    for name, value in first.state_after["batch_normalization"].items():
        assert second.state["batch_normalization"][name] is value


@every_backend
def test_step_stays_what_it_was_while_training_goes_on(backend):
    model = conv_net(backend)
    step = model.train_step(X, Y)
    seen = contents(step)
    copies = {place: array.copy() for place, array in seen.items()}
    views = {place: array[...] for place, array in seen.items()}
    del seen
    model.train_step(X, Y)
    model.fit(X, Y, epochs=2, batch_size=5, verbose=0)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    assert_same_bits(contents(step), copies)
    assert_same_bits(views, copies)


# -- views ----------------------------------------------------------------------------------------


def test_table_has_a_row_for_each_call_and_weight(step):
    lines = str(step).splitlines()
    assert lines[0].startswith("step 0 · 12 rows · loss ")
    assert " of it penalty " in lines[0]
    assert " accuracy " in lines[0]
    text = str(step)
    for call in step.calls.values():
        assert call.path in text
    assert text.count("kernel") == 2
    assert text.count("gamma") == 1


@pytest.mark.parametrize("make", ["step", "siamese_step", "deep_names"])
def test_views_fit_into_80_columns(make, request):
    if make == "deep_names":
        inner = nn.Sequential([nn.Input((3,)), nn.Dense(3, activation="tanh")], name="a" * 40)
        model = nn.Sequential([nn.Input((3,)), inner, nn.Dense(1)], backend=BACKEND, seed=0)
        model.compile("adam", "mse")
        shown = model.train_step(np.full((2, 3), 1e30), [1e-30, 0])
    else:
        shown = request.getfixturevalue(make)
    lines = str(shown).splitlines()
    lines += [line for path in shown.before for line in shown.explain(path).splitlines()[1:]]
    assert max(map(len, lines)) <= 80


def test_notebook_view_is_the_same_table(step):
    html = step._repr_html_()
    assert "<table" in html
    assert "</table>" in html
    assert html.count("<tr>") == 1 + 8 + 3 + 1  # head, calls, their further weights, legend
    assert ">batch_normalization</td>" in html


def test_explain_tells_every_station_of_an_update():
    optimizer = nn.SGD(0.1, momentum=0.9, clipvalue=1e-3)
    text = conv_net(optimizer=optimizer).train_step(X, Y).explain("conv2d/kernel")
    stations = [
        "before",
        "gradient of the data loss",
        "gradient of the penalty",
        "gradient after clipping",
        "update asked for",
        "applied (after - before)",
        "after",
        "optimizer's velocity",
    ]
    places = [text.index(f"\n  {station} ") for station in stations]
    assert places == sorted(places)
    assert text.startswith("conv2d/kernel (3, 3, 1, 4) float32, step 0\n")


def test_explain_points_at_a_gradient_that_is_exactly_zero():
    step = linear([[1.0], [1.0]]).train_step([[0.0, 0.0]], [[1.0]])
    assert "this step cannot teach it anything" in step.explain("dense/kernel")


# -- names ----------------------------------------------------------------------------------------


def test_unknown_call_gets_the_nearest_name(step):
    with pytest.raises(UnknownNameError, match="unknown call 'conv2': did you mean 'conv2d#0'"):
        step["conv2"]


@pytest.mark.parametrize("method", ["gradient", "update", "applied", "shares", "explain"])
def test_unknown_parameter_gets_the_nearest_name(step, method):
    with pytest.raises(UnknownNameError, match="'conv2d/kernal': did you mean 'conv2d/kernel'"):
        getattr(step, method)("conv2d/kernal")


@pytest.mark.parametrize("arena", ["before", "after", "gradients", "updates", "data_gradients"])
def test_unknown_path_in_an_arena_gets_the_nearest_name(step, arena):
    values = getattr(step, arena)
    with pytest.raises(UnknownNameError, match="'conv2d/kernal': did you mean 'conv2d/kernel'"):
        values["conv2d/kernal"]
    assert "conv2d/kernal" not in values
    assert values.get("conv2d/kernal") is None
    assert step.calls.get("conv2") is None


def test_share_of_a_long_key_has_a_line_of_its_own():
    inner = nn.Sequential([nn.Input((3,)), nn.Dense(3)], name="a" * 30)
    x = nn.Input((3,))
    model = nn.Model(x, inner(inner(x)), backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    lines = model.train_step(np.ones((2, 3)), np.ones((2, 3))).explain(f"{'a' * 30}/dense/kernel")
    place = lines.splitlines().index(f"    share of {'a' * 30}/dense#0")
    assert lines.splitlines()[place + 1].startswith(" " * 38 + "norm ")


def test_frozen_parameter_is_called_so():
    model = conv_net()
    model.freeze("conv2d")
    step = model.train_step(X, Y)
    with pytest.raises(NNError, match="conv2d/kernel is frozen: step 0 has no gradient of it"):
        step.explain("conv2d/kernel")


def test_a_step_fits_into_a_line(step):
    assert repr(step) == f"Step(0: 12 rows, loss {step.loss:.6g}, 8 calls)"


def test_a_weight_that_is_taken_for_a_call_is_said_to_be_one(step):
    with pytest.raises(UnknownNameError, match="unknown call 'conv2d/kernel'") as caught:
        step["conv2d/kernel"]
    (note,) = caught.value.__notes__
    assert note == "'conv2d/kernel' is a weight: step.before['conv2d/kernel']"
    with pytest.raises(UnknownNameError) as caught:
        step["conv2b"]
    assert not hasattr(caught.value, "__notes__")


def test_it_has_the_calls_that_it_can_be_asked_for(siamese_step):
    assert list(siamese_step) == list(siamese_step.calls)
    assert len(siamese_step) == len(siamese_step.calls) == 4
    assert all(key in siamese_step for key in (*siamese_step, "add"))
    assert "shared" not in siamese_step
    assert "shared/kernel" not in siamese_step


def test_layer_called_several_times_needs_the_number_of_the_call(siamese_step):
    with pytest.raises(LookupError, match="called 3 times: choose one of 'shared#0', 'shared#1'"):
        siamese_step["shared"]
    assert siamese_step["shared#1"].key == "shared#1"


@pytest.mark.host("CuPy's arrays cannot be made read-only")
def test_nobody_can_write_into_a_step(step):
    for name in ("before", "after", "data_gradients", "penalty_gradients", "gradients", "updates"):
        for path, array in getattr(step, name).items():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 1
            assert not getattr(step, name).buffer.flags.writeable, path
    for slot in step.slots_after.values():
        assert not slot.buffer.flags.writeable


@pytest.mark.host("CuPy's arrays cannot be made read-only")
def test_nor_into_large_gradients_which_a_call_shares_with_it(monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 1)
    step = conv_net().train_step(X, Y)
    with pytest.raises(ValueError, match="read-only"):
        step.calls["dense"].param_gradients["kernel"][...] = 1
