from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import UnknownNameError
from nnscratch.training.callbacks import CallbackError, CallbackList
from nnscratch.training.model_checkpoint import ModelCheckpoint
from nnscratch.training.monitors import EarlyStopping, ReduceLROnPlateau


class StandIn:
    """A model whose only weight is the number of the epoch that it was trained in last."""

    def __init__(self):
        self.stop_training = False
        self.learning_rate = 1.0
        self.weights = [np.array(-1)]
        self.saved = []

    def get_weights(self):
        return [np.array(weight) for weight in self.weights]

    def set_weights(self, weights):
        self.weights = weights

    def save_weights(self, path):
        self.saved.append(path)


def train(callback, values, name="val_loss", model=None):
    """Epochs that end with these values of a log; returns model and the logs of each epoch."""
    model = model or StandIn()
    model.stop_training = False
    listeners = CallbackList([callback], model, {"epochs": len(values), "steps": 1})
    seen = []
    listeners.on_train_begin()
    for epoch, value in enumerate(values):
        listeners.on_epoch_begin(epoch)
        model.weights = [np.array(epoch)]
        logs = {"loss": 0.0, name: value}
        listeners.on_epoch_end(epoch, logs)
        seen.append(logs)
        if model.stop_training:
            break
    listeners.on_train_end()
    return model, seen


def epochs_run(callback, values, name="val_loss"):
    return len(train(callback, values, name)[1])


class TestMonitor:
    @pytest.mark.parametrize(
        ("name", "better"),
        [
            ("val_accuracy", max),
            ("acc", max),
            ("head_auc", max),
            ("val_loss", min),
            ("mean_squared_error", min),
            ("val_mse", min),
        ],
    )
    def test_direction_is_told_by_the_name(self, name, better):
        callback = EarlyStopping(name, patience=3)
        train(callback, [2.0, 3.0, 1.0], name)
        assert callback.best == better(1.0, 3.0)

    def test_direction_of_another_name_must_be_given(self):
        with pytest.raises(CallbackError, match=r"'val_gap' is better; give mode='max' or"):
            EarlyStopping("val_gap")
        assert epochs_run(EarlyStopping("val_gap", mode="max"), [1, 2, 0, 3], "val_gap") == 3

    def test_unknown_mode(self):
        with pytest.raises(UnknownNameError, match=r"unknown mode 'maxx': did you mean 'max'"):
            EarlyStopping(mode="maxx")

    @pytest.mark.parametrize(
        "callback",
        [
            EarlyStopping("val_los", mode="min", start_from_epoch=5),
            ModelCheckpoint("w", "val_los", mode="min", save_best_only=True),
            ReduceLROnPlateau("val_los", mode="min"),
        ],
        ids=lambda callback: type(callback).__name__,
    )
    def test_unknown_log_is_an_error_after_one_epoch(self, callback):
        with pytest.raises(UnknownNameError) as caught:
            train(callback, [1.0, 2.0])
        assert f"log in {type(callback).__name__} 'val_los': did you mean 'val_loss'?" in str(
            caught.value
        )
        assert caught.value.__notes__ == [
            "val_ logs need validation_data or validation_split in fit"
        ]


class TestEarlyStopping:
    def test_stops_after_patience(self):
        assert epochs_run(EarlyStopping(patience=2), [5, 4, 4, 4, 3]) == 4
        assert epochs_run(EarlyStopping(patience=2), [5, 4, 4, 3, 3, 3, 3]) == 6
        assert epochs_run(EarlyStopping(), [5, 4, 4, 3]) == 3

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"patience": 2.5}, "EarlyStopping patience: expected a whole number >= 0, got 2.5"),
            ({"start_from_epoch": "1"}, "EarlyStopping start_from_epoch: expected a whole"),
            ({"baseline": "low"}, "EarlyStopping baseline: expected a finite number"),
            ({"restore_best_weights": 1}, "EarlyStopping restore_best_weights: expected True or"),
        ],
    )
    def test_arguments_that_make_no_sense_are_refused(self, options, message):
        with pytest.raises(ArgumentError, match=message):
            EarlyStopping(**options)

    def test_patience_may_be_numpys_number(self):
        assert epochs_run(EarlyStopping(patience=np.int64(2)), [5, 4, 4, 4, 3]) == 4

    def test_min_delta_is_what_improvement_must_exceed(self):
        values = [4.0, 3.5, 3.0, 2.5]
        assert epochs_run(EarlyStopping(min_delta=0.25), values) == 4
        assert epochs_run(EarlyStopping(min_delta=0.5), values) == 2
        assert epochs_run(EarlyStopping(min_delta=-0.5), values) == 2
        assert epochs_run(EarlyStopping(mode="max", min_delta=0.5), [-v for v in values]) == 2

    def test_baseline_must_be_beaten_before_patience_starts_anew(self):
        assert epochs_run(EarlyStopping(patience=2, baseline=2.0), [5, 4, 3, 3]) == 4
        assert epochs_run(EarlyStopping(patience=2, baseline=3.5), [5, 4, 3, 3, 3, 3]) == 5

    def test_start_from_epoch(self):
        assert epochs_run(EarlyStopping(start_from_epoch=3), [1, 2, 3, 9, 8, 9, 9]) == 6

    def test_nan_is_no_improvement_and_does_not_stop_the_first_epoch(self):
        assert epochs_run(EarlyStopping(), [np.nan, 1.0, np.nan, 0.5]) == 3

    def test_best_weights_are_restored(self):
        callback = EarlyStopping(patience=2, restore_best_weights=True)
        model, _ = train(callback, [5, 3, 4, 4])
        assert model.weights == [1]
        assert (callback.best, callback.best_epoch, callback.stopped_epoch) == (3, 1, 3)

    def test_best_weights_are_restored_without_stopping(self):
        callback = EarlyStopping(patience=9, restore_best_weights=True)
        model, _ = train(callback, [5, 3, 4])
        assert model.weights == [1]
        assert callback.stopped_epoch == 0

    def test_best_weights_below_the_baseline_are_restored(self):
        callback = EarlyStopping(patience=2, baseline=1.0, restore_best_weights=True)
        assert train(callback, [5, 4, 6, 7])[0].weights == [1]

    def test_the_first_epoch_is_best_where_no_value_is_finite(self):
        callback = EarlyStopping(patience=2, restore_best_weights=True)
        assert train(callback, [np.nan] * 4)[0].weights == [0]

    def test_weights_stay_otherwise(self):
        assert train(EarlyStopping(patience=2), [5, 3, 4, 4])[0].weights == [3]

    def test_is_as_new_in_the_next_training(self):
        callback = EarlyStopping(patience=1, restore_best_weights=True)
        assert epochs_run(callback, [5, 1, 1]) == 3
        model, seen = train(callback, [9, 8, 7, 8])
        assert len(seen) == 4
        assert model.weights == [2]

    def test_says_so_when_asked(self, capsys):
        train(EarlyStopping(restore_best_weights=True), [5, 3, 4])
        assert capsys.readouterr().out == ""
        train(EarlyStopping(restore_best_weights=True, verbose=1), [5, 3, 4])
        assert capsys.readouterr().out.splitlines() == [
            "Epoch 3: EarlyStopping ends training, val_loss was best in epoch 2",
            "Epoch 2: EarlyStopping restores these weights",
        ]


class TestModelCheckpoint:
    def test_saves_each_epoch_under_its_name(self, tmp_path):
        path = tmp_path / "new" / "{epoch:02d}-{val_loss:.2f}.safetensors"
        model, _ = train(ModelCheckpoint(path), [5, 3.14159])
        assert model.saved == [
            str(tmp_path / "new" / "01-5.00.safetensors"),
            str(tmp_path / "new" / "02-3.14.safetensors"),
        ]
        assert (tmp_path / "new").is_dir()

    def test_saves_only_the_best(self):
        callback = ModelCheckpoint("{epoch}", save_best_only=True)
        assert train(callback, [5, 6, 4, 4, 3])[0].saved == ["1", "3", "5"]
        assert train(callback, [4, 2])[0].saved == ["2"]

    def test_first_value_must_beat_the_threshold(self):
        callback = ModelCheckpoint("{epoch}", save_best_only=True, initial_value_threshold=4.5)
        assert train(callback, [5, 6, 4])[0].saved == ["3"]

    def test_saves_every_so_many_batches(self):
        model = StandIn()
        callback = ModelCheckpoint("{epoch}-{batch}-{loss}", save_freq=2)
        listeners = CallbackList([callback], model, {})
        listeners.on_train_begin()
        for epoch in range(2):
            listeners.on_epoch_begin(epoch)
            for batch in range(3):
                listeners.on_train_batch_end(batch, {"loss": 0.5})
            listeners.on_epoch_end(epoch, {"loss": 0.5})
        assert model.saved == ["1-2-0.5", "2-1-0.5", "2-3-0.5"]

    @pytest.mark.parametrize("filepath", ["{val_acc}", "{}", "{loss:d}", "{epoch"])
    def test_names_that_cannot_be_filled_in(self, filepath):
        with pytest.raises(CallbackError, match=r"cannot be filled in .*known: epoch, loss, val_"):
            train(ModelCheckpoint(filepath), [1])

    def test_whole_models_are_not_offered(self):
        with pytest.raises(CallbackError, match="save_weights_only=False is not offered"):
            ModelCheckpoint("w", save_weights_only=False)

    @pytest.mark.parametrize("save_freq", ["batch", 0, 1.5])
    def test_save_freq(self, save_freq):
        with pytest.raises(ValueError, match="save_freq: expected"):
            ModelCheckpoint("w", save_freq=save_freq)


class TestReduceLROnPlateau:
    def rates(self, callback, values):
        """The learning rate during each epoch, and after the last one."""
        model, seen = train(callback, values)
        return [logs["learning_rate"] for logs in seen] + [model.learning_rate]

    def test_reduces_after_patience(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=2)
        assert self.rates(callback, [5, 5, 5, 5, 5]) == [1, 1, 1, 0.5, 0.5, 0.25]

    def test_improvement_starts_patience_anew(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=2)
        assert self.rates(callback, [5, 5, 4, 4, 3, 3]) == [1] * 7

    def test_small_changes_are_no_improvement(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.1)
        assert self.rates(callback, [5, 4.95, 4.5]) == [1, 1, 0.5, 0.5]

    def test_cooldown(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2)
        assert self.rates(callback, [5] * 5) == [1, 1, 0.5, 0.5, 0.25, 0.25]

    def test_rate_does_not_fall_below_min_lr(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.4)
        assert self.rates(callback, [5, 5, 5, 5]) == [1, 1, 0.5, 0.4, 0.4]

    def test_is_as_new_in_the_next_training(self):
        callback = ReduceLROnPlateau(factor=0.5, patience=2)
        self.rates(callback, [1, 1])
        assert self.rates(callback, [5, 4, 3]) == [1] * 4

    @pytest.mark.parametrize("factor", [0.0, 1.0, -0.5, 2.0, "0.5"])
    def test_factor(self, factor):
        with pytest.raises(ArgumentError, match=r"factor: expected a finite number > 0 and < 1"):
            ReduceLROnPlateau(factor=factor)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"patience": "3"}, "ReduceLROnPlateau patience: expected a whole number >= 0"),
            ({"cooldown": -1}, "ReduceLROnPlateau cooldown: expected a whole number >= 0"),
            ({"min_lr": None}, "ReduceLROnPlateau min_lr: expected a finite number >= 0"),
            ({"min_delta": "0"}, "ReduceLROnPlateau min_delta: expected a finite number"),
        ],
    )
    def test_numbers_that_make_no_sense_are_refused(self, options, message):
        with pytest.raises(ArgumentError, match=message):
            ReduceLROnPlateau(**options)

    def test_says_so_when_asked(self, capsys):
        train(ReduceLROnPlateau(patience=1, verbose=1), [5, 5])
        assert capsys.readouterr().out == (
            "Epoch 2: ReduceLROnPlateau lowers the learning rate from 1 to 0.1\n"
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: EarlyStopping(patience=2, restore_best_weights=True),
        lambda: ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1),
        lambda: ModelCheckpoint("best", save_best_only=True),
        lambda: ModelCheckpoint("{batch}", save_freq=3),
    ],
)
@pytest.mark.parametrize("done", range(7))
def test_goes_on_from_its_state_as_if_never_interrupted(make, done):
    """The first epochs are seen by one callback, the others by another that takes over."""
    values = [5.0, 4.0, 4.5, 3.0, 3.5, 3.25, 3.75]

    def epoch(callback, model, number):
        model.weights = [np.array(number)]
        callback.on_epoch_begin(number)
        for batch in range(2):
            callback.on_train_batch_end(batch, {"loss": 1.0})
        callback.on_epoch_end(number, {"val_loss": values[number]})

    def outcome(parts):
        model, state = StandIn(), {}
        for part in parts:
            callback = make()
            callback.set_model(model)
            callback.on_train_begin()
            if state:
                callback.restore(state)
            for number in part:
                epoch(callback, model, number)
            state = callback.state()
        callback.on_train_end()
        return model.saved, model.learning_rate, model.stop_training, model.weights

    assert outcome([range(done), range(done, 7)]) == outcome([range(7)])
