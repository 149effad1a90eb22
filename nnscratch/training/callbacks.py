"""Callbacks: what listens to `fit`. Names, arguments and defaults are Keras's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nnscratch.core.errors import DescriptionType, NNError, UnknownNameError
from nnscratch.core.tape import ALL
from nnscratch.kernels.ops import Array

if TYPE_CHECKING:
    from nnscratch.core.step import Step
    from nnscratch.core.tape import Call
    from nnscratch.training.loop import Fit

Logs = dict[str, float]
"""Loss and metrics by name. Callbacks see one dict in turn, and may add to it."""


class CallbackError(NNError, ValueError):
    """A callback that cannot do what it was made for."""


class NonFiniteLossError(NNError, RuntimeError):
    """The loss became NaN or infinite."""


class Learner(Protocol):
    """What callbacks use of a model."""

    stop_training: bool
    learning_rate: float

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""

    def set_weights(self, weights: list[Array], /) -> None:
        """Install them again."""

    def save_weights(self, path: str, /) -> None:
        """Write them to a file."""


class Callback(metaclass=DescriptionType):
    """Listens to training: override what you need; the others do nothing.

    Epochs and batches count from 0. To end training set `self.model.stop_training = True`.
    Beside Keras's hooks there is a probe, `on_step`, which sees each training step as a value;
    the fields of a Call that it reads should be named in `needs`, else they are computed twice.
    `on_forward` and `on_backward` see its calls one by one, while their arrays are at hand.
    """

    needs: frozenset[str] = frozenset()
    """The fields of a Call, such as "output", that `fit` keeps in memory for `on_step`."""
    adds: frozenset[str] = frozenset()
    """The names of the logs that it adds at the end of an epoch, for those who watch them."""
    heard_last: ClassVar[bool] = False
    """Whether it is told everything after all others have been, wherever it stands in the list."""
    model: Learner
    params: Mapping[str, Any]
    """What `fit` was asked for: verbose, epochs, steps (per epoch); and the names of its logs."""

    def __init_subclass__(cls) -> None:
        _check_hooks(f"hook of {cls.__name__}", [n for n in vars(cls) if n.startswith("on_")])
        _check_needs(cls.needs)

    def set_model(self, model: Learner) -> None:
        """Called by `fit`, before everything else."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Called by `fit`, before everything else."""
        self.params = params

    def set_fit(self, fit: Fit) -> None:
        """Called by `fit` when training begins: its rows and plan, and all along its position."""

    def state(self) -> Mapping[str, Any]:
        """What it must know again when an interrupted training goes on, see `nn.Run`.

        Numbers, texts, booleans, None and arrays, and lists and mappings of them. An array that
        only gets new rows is better given as `nn.Growing(array)`: each row is kept only once.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` told, in the place where it was told.

        Another process has made this callback in the meantime; it has been told that training
        begins, and in the middle of an epoch that the epoch begins. What it did to the model at
        that is undone: it is in the model already, from when they did begin.
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, and also when training was interrupted or failed."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation, with the epoch's logs."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step, with the batch's logs."""

    def on_forward(self, call: Call) -> None:
        """With each call of a training step after its forward pass, before anything is freed."""

    def on_backward(self, call: Call) -> None:
        """With each call of a training step that passes a gradient on, right afterwards."""

    def on_step(self, step: Step) -> None:
        """With a training step that is computed but not applied yet."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After validation, with its logs."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def _check_hooks(what: str, names: Iterable[str]) -> None:
    """Refuse a misspelt hook: nothing would ever call it."""
    for name in names:
        if name not in HOOKS:
            raise UnknownNameError(what, name, HOOKS)


def _check_needs(needs: Iterable[str]) -> None:
    for name in needs:
        if name not in ALL:
            raise UnknownNameError("field of a Call in `needs`", name, ALL)


class CallbackList(Callback):
    """Hands every call on to each of some callbacks, in their order, `heard_last` ones behind.

    Args:
        callbacks: the callbacks.
        model: the model that is trained.
        params: see `Callback.params`.

    Raises:
        CallbackError: one of them is no callback.
    """

    def __init__(self, callbacks: Iterable[Callback], model: Learner, params: Mapping[str, Any]):
        given = list(callbacks)
        for callback in given:
            if not isinstance(callback, Callback):
                raise CallbackError(f"callbacks: expected nn.Callback objects, got {callback!r}")
        self.callbacks = tuple(sorted(given, key=lambda callback: callback.heard_last))
        self.needs = frozenset().union(*(callback.needs for callback in self.callbacks))
        for hook in HOOKS:
            if hook not in ("on_train_begin", "on_train_end"):
                setattr(self, hook, self._relay(hook))
        self.watching = any(self._listeners(hook) for hook in ("on_forward", "on_backward"))
        """Whether one of them sees calls."""
        self.hears_batches = bool(self._listeners("on_train_batch_end"))
        """Whether one of them is told each batch's logs."""
        if "logs" in params:
            added = frozenset().union(*(callback.adds for callback in self.callbacks))
            params = {**params, "logs": (*params["logs"], *added)}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def _listeners(self, hook: str) -> list[Callable[..., None]]:
        hooks = [getattr(callback, hook) for callback in self.callbacks]
        silent = getattr(Callback, hook)
        return [own for own in hooks if getattr(own, "__func__", own) is not silent]

    def _relay(self, hook: str) -> Callable[..., None]:
        listeners = self._listeners(hook)

        def relay(*args: Any, **kwargs: Any) -> None:
            for listener in listeners:
                listener(*args, **kwargs)

        return relay

    def set_fit(self, fit: Fit) -> None:
        """Tell each of them."""
        for callback in self.callbacks:
            callback.set_fit(fit)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Where one fails, training also ends for those before it: they may hold something."""
        with ExitStack() as begun:
            for callback in self.callbacks:
                callback.on_train_begin(logs)
                begun.callback(callback.on_train_end, logs)
            begun.pop_all()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Reaches each callback, also when one before it fails: they may hold something."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(callback.on_train_end, logs)


class LambdaCallback(Callback):
    """A callback made of functions, by the name of their hook.

    Args:
        needs: as `Callback.needs`.
        hooks: for example on_epoch_end=lambda epoch, logs: ...

    Raises:
        UnknownNameError: there is no such hook.
    """

    def __init__(self, *, needs: Iterable[str] = (), **hooks: Callable[..., Any]):
        _check_hooks("hook of LambdaCallback", hooks)
        self.needs = frozenset(needs)
        _check_needs(self.needs)
        for name, function in hooks.items():
            setattr(self, name, function)


class History(Callback):
    """Keeps every epoch's logs; `fit` returns one."""

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def state(self) -> Mapping[str, Any]:
        """The epochs so far."""
        lists = {name: list(values) for name, values in self.history.items()}
        return {"epoch": list(self.epoch), "history": lists}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self.epoch = list(state["epoch"])
        self.history = {name: list(values) for name, values in state["history"].items()}

    def __repr__(self) -> str:
        return f"History(epochs={len(self.epoch)}, logs={list(self.history)})"


class TerminateOnNaN(Callback):
    """Ends training at the first batch whose loss is NaN or infinite.

    Args:
        raise_error: raise instead of stopping with a warning.

    Raises:
        NonFiniteLossError: with raise_error, when it happens.
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the batch's loss."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        message = f"TerminateOnNaN: the loss is {loss} at batch {batch}"
        if self.raise_error:
            raise NonFiniteLossError(message)
        warnings.warn(f"{message}; training ends here", RuntimeWarning, stacklevel=2)
        self.model.stop_training = True
