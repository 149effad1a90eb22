from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.nets import conv_net, images

X, Y = images(24)


@pytest.fixture(scope="module")
def watched() -> tuple[nn.Recorder, nn.Ledger, nn.training.callbacks.History]:
    recorder, ledger = nn.Recorder(every=2), nn.Ledger()
    history = conv_net().fit(
        X, Y, 8, epochs=3, verbose=0, callbacks=[recorder, ledger], validation_data=(X, Y)
    )
    return recorder, ledger, history


def lines(axis) -> list[np.ndarray]:
    return [line.get_ydata() for line in axis.lines]


def names(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].texts]


def titles(figure) -> list[str]:
    return [axis.get_title(loc="left") for axis in figure.axes if axis.axison]


# -- curves -----------------------------------------------------------------------------------


def test_curves_show_each_log_with_its_validation(watched):
    history = watched[2]
    figure = nn.plots.curves(history)
    assert titles(figure) == ["loss", "accuracy"]
    assert names(figure) == ["training", "validation"]
    for axis, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        expected = [history.history[name], history.history[f"val_{name}"]]
        np.testing.assert_array_equal(lines(axis), expected)
        assert list(axis.lines[0].get_xdata()) == [1, 2, 3]


def test_a_log_that_turns_up_later_ends_with_the_others():
    history = nn.History()
    history.on_epoch_end(0, {"loss": 3.0})
    history.on_epoch_end(1, {"loss": 2.0, "val_loss": 4.0})
    training, validation = nn.plots.curves(history).axes[0].lines
    assert list(training.get_xdata()) == [1, 2]
    assert list(validation.get_xdata()) == [2]


def test_an_empty_history_cannot_be_drawn():
    with pytest.raises(nn.plots.PlotError, match="the history has no epoch yet"):
        nn.plots.curves(nn.History())


# -- norms ------------------------------------------------------------------------------------


def test_norms_are_those_of_the_kernels_gradients(watched):
    recorder = watched[0]
    figure = nn.plots.norms(recorder)
    assert names(figure) == ["conv2d/kernel", "dense/kernel"]
    np.testing.assert_array_equal(lines(figure.axes[0])[0], recorder["conv2d/kernel"].gradient.norm)
    assert list(figure.axes[0].lines[0].get_xdata()) == list(range(1, 10))


def test_norms_of_calls_stand_in_several_charts(watched):
    figure = nn.plots.norms(watched[0], "output")
    assert len(titles(figure)) == 2
    assert names(figure) == [key.partition("#")[0] for key in watched[0].calls]


def test_norms_of_what_was_asked_for(watched):
    recorder = watched[0]
    figure = nn.plots.norms(recorder, "ratio", ["dense/bias"])
    np.testing.assert_array_equal(lines(figure.axes[0])[0], recorder["dense/bias"].ratio)
    assert figure.axes[0].get_ylabel() == "|update| / |value|"
    with pytest.raises(nn.plots.PlotError, match="conv2d has no 'ratio'"):
        nn.plots.norms(recorder, "ratio", ["conv2d"])
    with pytest.raises(nn.UnknownNameError, match="did you mean 'dense/bias'"):
        nn.plots.norms(recorder, names=["dense/bais"])


def test_an_empty_recorder_cannot_be_drawn():
    for draw in (nn.plots.norms, nn.plots.units, lambda r: nn.plots.histograms(r, "conv2d")):
        with pytest.raises(nn.plots.PlotError):
            draw(nn.Recorder())


# -- units and the ledger ---------------------------------------------------------------------


def test_units_are_those_of_the_looks(watched):
    recorder = watched[0]
    figure = nn.plots.units(recorder)
    assert titles(figure) == [
        *("different units", "linearly independent", "different gradients", "never fired")
    ]
    expected = [look.distinct["conv2d/kernel"] for look in recorder.looks]
    assert list(lines(figure.axes[0])[0]) == expected
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 3, 5, 7, 9]


def test_training_without_a_weight():
    model = nn.Sequential([nn.Input((6, 6, 1)), nn.GlobalAveragePooling2D()], seed=0)
    model.compile("sgd", "mse")
    recorder, ledger = nn.Recorder(), nn.Ledger()
    x, y = images()
    model.fit(x, y[:, None].astype(np.float32), verbose=0, callbacks=[recorder, ledger])
    with pytest.raises(nn.plots.PlotError, match="no kernel and no activation was looked at"):
        nn.plots.units(recorder)
    with pytest.raises(nn.plots.PlotError, match=r"1 calls, 0 weights.* no kernel or call"):
        nn.plots.norms(recorder)
    assert lines(nn.plots.ledger_course(ledger).axes[0])[0] == [0.0]


def test_steps_are_whole_numbers():
    recorder, ledger = nn.Recorder(every=1), nn.Ledger()
    conv_net().fit(X, Y, 12, verbose=0, callbacks=[recorder, ledger])
    for figure in (nn.plots.ledger_course(ledger), nn.plots.histograms(recorder, "dense")):
        figure.draw_without_rendering()
        marks = figure.axes[-2 if len(figure.axes) > 1 else 0].get_xticks()
        assert all(float(mark).is_integer() for mark in marks)


def test_the_ledgers_course_ends_at_its_sums(watched):
    ledger = watched[1]
    figure = nn.plots.ledger_course(ledger)
    assert names(figure) == ["kernels", "biases", "norm parameters", "total", "real"]
    ends = [line[-1] for line in lines(figure.axes[0])]
    assert ends == pytest.approx(
        [*(-v for v in ledger.groups.values()), -ledger.total, -ledger.real]
    )
