from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import Series
from nnscratch.kernels.ops import Array
from nnscratch.runs.packing import pack, unpack
from tests.backends import BACKEND, BACKENDS, host
from tests.nets import conv_net, images

X, Y = images()
KERNEL = "conv2d/kernel"


class Spy(nn.Callback):
    """Keeps every step."""

    def __init__(self) -> None:
        self.steps: list[nn.Step] = []

    def on_step(self, step: nn.Step) -> None:
        self.steps.append(step)


def recorded(
    model: nn.Model | None = None, epochs: int = 3, **options: Any
) -> tuple[Recorder, list[nn.Step]]:
    """The recording of a short training, two steps per epoch, and its steps."""
    model = model or conv_net()
    recorder, spy = Recorder(**options), Spy()
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=[recorder, spy])
    return recorder, spy.steps


def arrays_of(step: nn.Step) -> Iterator[tuple[str, str, Array]]:
    """Every array that a recorder sees, as the step itself tells it."""
    for key, call in step.calls.items():
        yield key, "output", call.output
        yield key, "output_gradient", call.output_gradient
    for path in step.before:
        yield path, "value", step.before[path]
        yield path, "gradient", step.data_gradients[path] + step.penalty_gradients[path]
        yield path, "update", step.update(path)


def assert_tells(series: Series, place: int, array: Array) -> None:
    """That the series has this array's statistics at a place."""
    x = array.astype(np.float64)
    expected = {
        "mean": x.mean(),
        "std": x.std(),
        "min": x.min(),
        "max": x.max(),
        "norm": np.linalg.norm(x),
        "zeros": np.mean(x == 0),
        "nan": 0,
        "inf": 0,
        "largest": np.abs(x).max(),
    }
    for name, value in expected.items():
        atol = 1e-13 * expected["largest"]
        np.testing.assert_allclose(getattr(series, name)[place], value, 1e-11, atol, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_are_what_the_steps_say(backend: str) -> None:
    recorder, steps = recorded(conv_net(backend, nn.SGD(0.1, clipvalue=0.01)))
    assert recorder.steps == [step.index for step in steps] == list(range(6))
    assert recorder.loss == [step.loss for step in steps]
    assert recorder.calls == list(steps[0].calls)
    assert recorder.weights == list(steps[0].before)
    for place, step in enumerate(steps):
        for name, what, array in arrays_of(step):
            assert_tells(getattr(recorder[name], what), place, array)


def test_by_hand_it_records_the_same() -> None:
    in_fit, steps = recorded()
    by_hand = Recorder()
    for step in steps:
        by_hand.record(step)
    expected = in_fit.to_dict()
    assert by_hand.to_dict().keys() == expected.keys()
    for name, column in by_hand.to_dict().items():
        np.testing.assert_array_equal(column, expected[name], err_msg=name)


def test_a_step_that_cannot_be_measured_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    model, recorder = conv_net("numpy"), Recorder()
    recorder.record(model.train_step(X, Y))
    monkeypatch.setattr(model.backend.k, "statistics", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recorder.record(model.train_step(X, Y))
    assert recorder.steps == [0]
    assert len(recorder[KERNEL].value) == 1


def test_records_the_steps_of_a_training_loop() -> None:
    model, recorder = conv_net(), Recorder()
    for _ in range(3):
        recorder.record(model.train_step(X, Y))
    assert recorder.steps == [0, 1, 2]
    assert len(recorder[KERNEL].value) == 3


def test_saturated_is_the_share_where_an_activation_is_flat() -> None:
    model = nn.Sequential([nn.Input((6, 6, 1)), nn.Flatten(), nn.Dense(5), nn.ReLU()], seed=0)
    model.compile("sgd", "mse")
    recorder = Recorder()
    step = model.train_step(X, np.zeros((12, 5)))
    recorder.record(step)
    assert recorder["relu"].output.saturated == np.mean(host(step["relu"].output) == 0)
    for what in ("dense", "flatten"):
        assert np.isnan(recorder[what].output.saturated)
    assert np.isnan(recorder["relu"].output_gradient.saturated)
    assert np.isnan(recorder["dense/kernel"].value.saturated)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_and_infinities_are_counted() -> None:
    model = nn.Sequential([nn.Input((3,)), nn.Dense(2)], seed=0)
    model.compile("sgd", "mse")
    x = np.array([[np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0]])
    recorder = Recorder()
    recorder.record(model.train_step(x, np.zeros((3, 2)), allow_nonfinite=True))
    output = recorder["dense"].output
    assert (output.nan.item(), output.inf.item()) == (2, 2)
    assert np.isnan([output.mean.item(), output.norm.item(), output.max.item()]).all()
    assert "NaN" in str(recorder) or "nan" in str(recorder)


def test_ratio_is_that_of_the_norms_and_nan_where_the_value_is_0() -> None:
    recorder, steps = recorded()
    bias = recorder["conv2d/bias"].ratio
    assert np.isnan(bias[0])
    step = steps[3]
    for path in ("conv2d/bias", KERNEL):
        update, before = host(step.update(path)), host(step.before[path])
        expected = np.linalg.norm(update) / np.linalg.norm(before)
        assert recorder[path].ratio[3] == pytest.approx(expected, rel=1e-6)


def test_what_training_does_not_compute_is_nan() -> None:
    model = conv_net()
    model.freeze("conv2d", "batch_normalization")
    recorder, _ = recorded(model)
    assert np.isfinite(recorder["conv2d"].output.mean).all()
    assert np.isnan(recorder["conv2d"].output_gradient.mean).all()
    assert np.isfinite(recorder["dense"].output_gradient.mean).all()
    assert recorder.weights == ["dense/kernel", "dense/bias"]


def test_keeps_nothing_in_memory_and_computes_nothing_again() -> None:
    _, steps = recorded()
    assert all(call.kept == frozenset() for step in steps for call in step.calls.values())


# -- which ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "calls", "weights"),
    [
        ("conv2d", ["conv2d#0", "conv2d/elu#0"], [KERNEL, "conv2d/bias"]),
        ("conv2d#0", ["conv2d#0"], []),
        ("*/kernel", [], [KERNEL, "dense/kernel"]),
        (["*softmax*", "dense/bias"], ["dense/softmax#0"], ["dense/bias"]),
        ([], [], []),
    ],
)
def test_selects_calls_weights_and_layers(
    select: Any, calls: list[str], weights: list[str]
) -> None:
    recorder, steps = recorded(select=select, every=1)
    assert (recorder.calls, recorder.weights) == (calls, weights)
    assert set(recorder.looks[0].histograms) == {*calls, *weights}
    assert recorder.loss == [step.loss for step in steps]
    for path in weights:
        assert_tells(recorder[path].gradient, 1, steps[1].gradient(path))


def test_a_pattern_of_nothing_is_refused_before_anything_is_trained() -> None:
    model = conv_net()
    with pytest.raises(UnknownNameError, match="'conv2b': did you mean 'conv2d"):
        recorded(model, select=["dense", "conv2b"])
    assert model.iteration == 0


def frozen_net() -> nn.Model:
    """A net whose convolution is not trained."""
    model = conv_net()
    model.freeze("conv2d")
    return model


FROZEN = (
    "'conv2d/kernel' is frozen: it has no gradient and no update, and is not recorded; "
    "train it, model.unfreeze('conv2d'), or look at the calls of its layer, 'conv2d'"
)


def test_a_frozen_weight_that_is_selected_by_its_name_is_refused() -> None:
    model = frozen_net()
    with pytest.raises(NNError, match=f"^Recorder select: {re.escape(FROZEN)}$"):
        recorded(model, select=["dense/kernel", KERNEL])
    assert model.iteration == 0
    with pytest.raises(NNError, match=re.escape(FROZEN)):
        Recorder(select=KERNEL).look(model.train_step(X, Y))


@pytest.mark.parametrize("select", ["*/kernel", "con??d/kernel", "[cd]*/kernel"])
def test_a_pattern_may_match_frozen_weights_beside_others_or_alone(select: str) -> None:
    recorder, _ = recorded(frozen_net(), select=[select, "dense/kernel"])
    assert recorder.weights == ["dense/kernel"]


def test_of_a_frozen_layer_the_calls_are_recorded() -> None:
    recorder, _ = recorded(frozen_net(), select="conv2d")
    assert list(recorder) == ["conv2d#0", "conv2d/elu#0"]


def test_a_weight_that_is_frozen_after_it_was_recorded_stays() -> None:
    model, recorder = conv_net(), Recorder(select=KERNEL)
    model.fit(X, Y, verbose=0, callbacks=recorder)
    model.freeze("conv2d")
    model.fit(X, Y, verbose=0, callbacks=recorder)
    np.testing.assert_array_equal(np.isnan(recorder[KERNEL].value.norm), [False, True])


def test_a_frozen_weight_is_said_to_be_so() -> None:
    recorder, _ = recorded(frozen_net())
    again = Recorder()
    again.restore(recorder.state())
    for own in (recorder, again):
        assert KERNEL not in own
        with pytest.raises(NNError, match=f"^{re.escape(FROZEN)}$"):
            own[KERNEL]


def test_an_empty_recorder_knows_no_name() -> None:
    with pytest.raises(NNError, match=r"'conv2d': nothing is recorded yet; .* model.fit"):
        Recorder()["conv2d"]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    recorder, _ = recorded(select="conv2d")
    with pytest.raises(UnknownNameError, match="did you mean 'conv2d/kernel'"):
        recorder["conv2d/kernle"]
    with pytest.raises(UnknownNameError, match="recorded call or weight 'dense'"):
        recorder["dense"]


def test_a_layer_called_twice_goes_by_its_keys() -> None:
    x, shared = nn.Input((3,)), nn.Dense(3)
    model = nn.Model(x, shared(shared(x)), seed=0)
    model.compile("sgd", "mse")
    recorder = Recorder()
    recorder.record(model.train_step(np.ones((2, 3)), np.ones((2, 3))))
    assert recorder["dense#1"].output.mean != recorder["dense#0"].output.mean
    with pytest.raises(LookupError, match="called 2 times: choose one of 'dense#0', 'dense#1'"):
        recorder["dense"]
    assert "dense" not in recorder


def test_it_has_what_it_can_be_asked_for() -> None:
    recorder, _ = recorded(select=["conv2d", "dense"])
    assert list(recorder) == [*recorder.calls, *recorder.weights]
    assert len(recorder) == 8
    assert all(name in recorder for name in (*recorder, "conv2d", "dense/softmax"))
    assert not any(name in recorder for name in ("flatten", "conv2b", "", 0, None))


@pytest.mark.parametrize("every", [0, -1, 2.5, True, "2"])
def test_every_is_a_number_of_steps(every: Any) -> None:
    with pytest.raises(ArgumentError, match=r"Recorder every \(None: never\): expected a whole"):
        Recorder(every=every)


def test_every_may_be_numpys_number() -> None:
    assert len(recorded(every=np.int64(2))[0].looks) == 3


# -- going on ------------------------------------------------------------------------------------


def test_goes_on_in_a_second_fit() -> None:
    model, recorder = conv_net(), Recorder(every=3)
    for _ in range(2):
        model.fit(X, Y, batch_size=4, verbose=0, callbacks=recorder)
    assert recorder.steps == list(range(6))
    assert [look.step for look in recorder.looks] == [0, 3]


def test_weights_that_are_trained_later_are_nan_before() -> None:
    model, recorder = conv_net(), Recorder()
    model.freeze("conv2d")
    model.fit(X, Y, verbose=0, callbacks=recorder)
    model.unfreeze("conv2d")
    model.fit(X, Y, verbose=0, callbacks=recorder)
    np.testing.assert_array_equal(np.isnan(recorder[KERNEL].value.norm), [True, False])
    assert np.isfinite(recorder["dense/kernel"].value.norm).all()


def test_a_step_that_fails_is_not_recorded() -> None:
    model, recorder = conv_net(), Recorder()

    def fail(call: nn.Call) -> None:
        if call.path == "dense" and recorder.steps == [0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(
            X, Y, batch_size=4, verbose=0, callbacks=[recorder, nn.LambdaCallback(on_backward=fail)]
        )
    assert recorder.steps == [0]
    assert len(recorder[KERNEL].value) == len(recorder["conv2d"].output) == 1
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=recorder)
    assert recorder.steps == [0, 1, 2, 3]
    assert np.isfinite(recorder["conv2d"].output_gradient.mean).all()


def test_a_step_that_is_given_up_after_it_was_measured_is_not_recorded() -> None:
    model, recorder = conv_net(), Recorder(every=1)

    def give_up(step: nn.Step) -> None:
        if step.index == 1:
            raise KeyboardInterrupt

    late = nn.LambdaCallback(on_step=give_up)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, verbose=0, callbacks=[recorder, late])
    assert recorder.steps == [look.step for look in recorder.looks] == [0]
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=recorder)
    assert recorder.steps == [look.step for look in recorder.looks] == [0, 1, 2, 3]
    assert len(recorder[KERNEL].value) == 4


def test_nothing_is_left_over_of_a_step_that_failed() -> None:
    model, recorder = conv_net(), Recorder()
    failing = nn.LambdaCallback(on_step=lambda step: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, verbose=0, callbacks=[failing, recorder])
    model.freeze("conv2d", "batch_normalization")
    model.fit(X, Y, verbose=0, callbacks=recorder)
    assert recorder.steps == [0]
    assert np.isfinite(recorder["conv2d"].output.mean).all()
    assert np.isnan(recorder["conv2d"].output_gradient.mean).all()


def test_goes_on_with_what_it_told() -> None:
    whole, _ = recorded(every=2)
    model, first, second = conv_net(), Recorder(every=2), Recorder(every=2)
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=first)
    told, arrays = first.state(), dict[str, Array]()
    written = json.dumps(pack(told, arrays, "recorder"))
    second.restore(unpack(json.loads(written), arrays))
    model.fit(X, Y, batch_size=8, epochs=3, initial_epoch=2, verbose=0, callbacks=second)
    assert second.steps == whole.steps
    assert str(second) == str(whole)
    for name, column in second.to_dict().items():
        np.testing.assert_array_equal(column, whole.to_dict()[name], err_msg=name)
    assert [look.step for look in second.looks] == [look.step for look in whole.looks]
    for one, other in zip(second.looks, whole.looks, strict=True):
        np.testing.assert_equal(vars(one), vars(other))
    assert len(told["book"]["index"].rows) == len(first.steps) == 4


def test_goes_on_with_nothing() -> None:
    recorder, model = Recorder(), conv_net()
    recorder.restore(Recorder().state())
    recorder.record(model.train_step(X, Y))
    assert recorder.steps == [0]


def test_many_steps_have_room() -> None:
    model = nn.Sequential([nn.Input((1,)), nn.Dense(1)], seed=0, backend=BACKEND)
    model.compile(nn.SGD(0.01), "mse")
    recorder, spy = Recorder(every=None), Spy()
    x = np.ones((200, 1))
    model.fit(x, x, batch_size=1, verbose=0, callbacks=[recorder, spy])
    np.testing.assert_array_equal(
        recorder["dense/bias"].value.mean, [step.before["dense/bias"].item() for step in spy.steps]
    )
    assert recorder.looks == []


# -- views ---------------------------------------------------------------------------------------


def test_a_table_shows_one_step() -> None:
    recorder, steps = recorded()
    text = str(recorder)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(f"step 5 · loss {steps[5].loss:.6g} · 6 steps recorded")
    order = ["calls", "conv2d/elu", "kernels", KERNEL, "biases", "norm parameters", "/gamma"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert str(recorder.table(-6)) == str(recorder.table(0)) != text
    assert "from 0" in str(recorder.table(0))
    assert "<table" in recorder._repr_html_()
    assert repr(recorder) == "Recorder(6 steps: 8 calls, 6 weights)"


def test_a_dash_stands_for_what_a_step_did_not_have_and_nan_for_a_nan() -> None:
    model, recorder = conv_net(), Recorder(select=["conv2d", "dense"])
    model.fit(X, Y, verbose=0, callbacks=recorder)
    model.freeze("conv2d")
    model.fit(X, Y, verbose=0, callbacks=recorder)
    rows = [line.split() for line in str(recorder).splitlines()]
    assert [KERNEL, *"----"] in rows
    assert rows[-1][:2] == ["-:", "not"]
    assert [row[-1] for row in rows if row[:1] == ["conv2d"]] == ["-"]
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    model.fit(X, Y, verbose=0, callbacks=recorder)
    rows = [line.split() for line in str(recorder).splitlines()]
    assert ["dense", "nan", "nan", "0%", "nan"] in rows


def test_a_table_names_no_group_without_members() -> None:
    recorder, _ = recorded(select="*/kernel")
    assert "calls" not in str(recorder).splitlines()


@pytest.mark.parametrize("step", [6, -7])
def test_a_step_that_was_not_recorded_has_no_table(step: int) -> None:
    recorder, _ = recorded()
    with pytest.raises(NNError, match=f"step {step} was not recorded; there are 6, 0 to 5"):
        recorder.table(step)


def test_an_empty_recorder_is_one_all_the_same() -> None:
    assert len(Recorder()) == 0
    assert Recorder()


def test_a_series_names_its_statistics() -> None:
    shown = repr(recorded()[0][KERNEL].gradient)
    assert shown.startswith("Series(6 steps: mean, std, min, max, norm, ")


def test_an_empty_recorder_says_so() -> None:
    assert str(Recorder()) == Recorder()._repr_html_() == "Recorder: nothing is recorded yet"
    with pytest.raises(NNError, match="none is yet"):
        Recorder().table()


def test_what_was_recorded_is_read_only() -> None:
    recorder, _ = recorded()
    with pytest.raises(ValueError, match="read-only"):
        recorder[KERNEL].value.mean[0] = 1
