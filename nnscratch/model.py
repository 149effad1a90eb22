"""Model: a network and the means to train it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nnscratch.backend import Backend
from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, StepError
from nnscratch.core.step import Batch, Step
from nnscratch.core.store import Arena, host
from nnscratch.core.tape import ALL
from nnscratch.kernels.ops import Array
from nnscratch.network import Network
from nnscratch.optimizers.base import AVERAGE
from nnscratch.training import feeding, loop, sources
from nnscratch.training.callbacks import Callback, History
from nnscratch.training.compiled import Compiled, compile_graph
from nnscratch.training.interrupt import uninterrupted
from nnscratch.training.pipeline import Start, Watcher, compute_step
from nnscratch.training.snapshot import Snapshot


class Model(Network):
    """A network that can be trained; see `Network` for the arguments."""

    iteration = 0
    """How many steps have been applied since `compile`."""
    stop_training = False
    """Set by callbacks: `fit` ends after this batch or epoch."""
    _compiled: Compiled | None = None
    _slots: Mapping[str, Arena] | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
    ) -> None:
        """Settle what is minimised, how, and what is reported; the optimizer starts afresh.

        Args:
            optimizer: an optimizer or its Keras name.
            loss: a loss or its name; for several outputs a list, or a dict by output name.
            metrics: a list of metrics or names; for several outputs a list or dict of lists.
                Sample weights do not enter them.
            loss_weights: for several outputs, the weight of each loss.
        """
        self._compiled = compile_graph(self.graph, optimizer, loss, metrics, loss_weights)
        self._slots = None
        self.iteration = 0

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def compiled(self) -> Compiled:
        """Optimizer, losses and metrics."""
        if self._compiled is None:
            raise NNError("model: not compiled; call model.compile(optimizer, loss) first")
        return self._compiled

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; set it to go on with another, constant one."""
        return float(self.compiled.optimizer.learning_rate_at(self.iteration))

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._compiled = self.compiled.with_learning_rate(value)

    # -- steps ------------------------------------------------------------------------------

    def train_step(
        self, x: Any, y: Any, sample_weight: Any = None, *, allow_nonfinite: bool = False
    ) -> Step:
        """Take one training step on a batch and return it whole, open to inspection.

        The step keeps the batch; arrays of the model's dtype are not copied for it.
        """
        rows = feeding.training_rows(self, x, y, sample_weight, allow_nonfinite)
        step = self.compute_step(rows.take(slice(None)))
        self.apply(step)
        return step

    def compute_step(
        self, batch: Batch, keep: frozenset[str] = ALL, watcher: Watcher | None = None
    ) -> Step:
        """The next step as a value; nothing changes until it is applied.

        Args:
            batch: the rows to learn from, as the model reads them.
            keep: the fields of a Call that are kept in memory; the others are recomputed when read.
            watcher: sees each call as soon as it is computed.
        """
        start = self.start(self.context(training=True, iteration=self.iteration))
        return compute_step(start, self.compiled, batch.on(self.backend), keep, watcher)

    def repeat(self, step: Step, trained: Arena | None = None, keep: frozenset[str] = ALL) -> Step:
        """A step again, as a value: the same batch, random masks, state and optimizer's memory.

        Args:
            step: one of this model's, applied or not, to be taken with the optimizer and losses
                that are compiled now.
            trained: other parameters to take it from: at `step.after` stands what the gradient of
                the very same loss has become.
            keep: see `compute_step`.

        Raises:
            StepError: other parameters are trained now than in the step.
        """
        values = self.parameters
        if list(step.before) != list(values.trained):
            raise StepError(
                f"repeat: step {step.index} trained {', '.join(step.before)}; now it is "
                f"{', '.join(values.trained)}: freeze and unfreeze as it was then"
            )
        start = Start(
            index=step.index,
            ctx=self.context(training=True, iteration=step.index),
            plan=values.plan,
            trained=step.before if trained is None else trained,
            frozen=step.frozen,
            state=step.state,
            weights=values.trained_weights,
            slots=step.slots,
        )
        return compute_step(start, self.compiled, step.batch, keep)

    def apply(self, step: Step) -> None:
        """Install a step's results: the only place where training changes a number.

        Raises:
            StepError: the step was not computed from the present values: it was applied already,
                or something else has changed them since.
        """
        if not self._starts_here(step):
            raise StepError(
                f"apply: step {step.index} does not start from the model's present values (next "
                f"is step {self.iteration}): it was applied already, or values have changed since;"
                " compute a new step"
            )
        with uninterrupted():
            self.parameters.commit(step.after, step.state_after)
            self._slots = step.slots_after
            self.iteration += 1

    def _starts_here(self, step: Step) -> bool:
        """Whether all that a step read is still what the model holds."""
        values = self.parameters
        same_state = all(
            step.state[path][name] is value
            for path, entry in values.state.items()
            for name, value in entry.items()
        )
        return (
            step.index == self.iteration
            and step.before is values.trained
            and step.frozen is values.frozen
            and step.slots is self._slots
            and same_state
        )

    def start(self, ctx: Context) -> Start:
        """The present values, as a run starts from them."""
        values = self.parameters
        return Start(
            index=self.iteration,
            ctx=ctx,
            plan=values.plan,
            trained=values.trained,
            frozen=values.frozen,
            state=values.state,
            weights=values.trained_weights,
            slots=self._optimizer_slots() if ctx.training else {},
        )

    def _optimizer_slots(self) -> Mapping[str, Arena]:
        """The optimizer's memory, laid out like the trained parameters.

        Where another set of layers is trained than before, what is known is carried over.
        """
        trained, old = self.parameters.trained, self._slots
        if old is not None and all(slot.layout is trained.layout for slot in old.values()):
            return old
        ctx = self.context(training=True)
        first = self.compiled.optimizer.begin(ctx, trained.buffer)
        slots: Mapping[str, Arena] = {
            name: Arena(trained.layout, buffer) for name, buffer in first.items()
        }
        for name, slot in slots.items():
            for path in slot.keys() & (old or {}).get(name, {}).keys():
                slot[path][...] = (old or {})[name][path]
        self._slots = {name: slot.sealed() for name, slot in slots.items()}
        return self._slots

    def _move(self, home: Backend) -> None:
        """The optimizer's memory moves with the weights."""
        moved = None if self._slots is None else self._slots_on(home, self._slots)
        with uninterrupted():
            super()._move(home)
            self._slots = moved

    def _slots_on(self, home: Backend, slots: Mapping[str, Arena]) -> Mapping[str, Arena]:
        """An optimizer's memory as arrays of a backend."""
        return {
            name: Arena(slot.layout, home.from_host(host(slot.buffer))).sealed()
            for name, slot in slots.items()
        }

    def use_average(self) -> None:
        """Install the moving average of the parameters that the optimizer keeps.

        `fit` does, when it is through with its epochs.

        Raises:
            NNError: it keeps none: compile with use_ema=True, as in SGD(0.1, use_ema=True).
        """
        if not self.compiled.optimizer.use_ema:
            raise NNError(
                "use_average: the optimizer keeps no average of the parameters; compile with "
                "use_ema=True, as in nn.SGD(0.1, use_ema=True)"
            )
        with uninterrupted():
            self.parameters.replace(self._optimizer_slots()[AVERAGE])

    def snapshot(self) -> Snapshot:
        """All that training changes, as it is now."""
        values = self.parameters
        return Snapshot(
            self.iteration, values.values(), values.frozen_layers, self._slots, self.compiled
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, or over to that of another model with the same weights.

        Raises:
            ShapeError, UnknownNameError: the weights are others; nothing has changed.
        """
        moved = None if snapshot.slots is None else self._slots_on(self.backend, snapshot.slots)
        with uninterrupted():
            self.parameters.replace(snapshot.values)
            self.parameters.frozen_layers = snapshot.frozen
            self._slots = moved
            self._compiled = snapshot.compiled
            self.iteration = snapshot.iteration

    # -- loops ------------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        *,
        allow_nonfinite: bool = False,
    ) -> History:
        """Train on rows of data, as Keras's `fit` does.

        Args:
            x: (N, ...), or a list or dict of inputs. A memory-mapped array is read batch by batch.
                Without y, a generator, or anything else that yields batches: (x, y) or (x, y,
                sample_weight). Callbacks that need all rows, such as nn.Run, refuse those.
            y: targets; for several outputs a list, or a dict by output name, with targets for
                each output that has a loss.
            batch_size: rows per step, 32 if None; the last step of an epoch may have fewer.
            epochs: the number of the last epoch; with `initial_epoch` 0 their count.
            verbose: "auto" or 1: a progress bar on a terminal, else a line per epoch; 2: a line
                per epoch; 0: nothing.
            callbacks: listeners, see `nn.Callback`: one, several or None.
            validation_split: this share of the *last* rows, before shuffling, is set aside.
            validation_data: (x, y) or (x, y, sample_weight), or what yields batches of these; wins
                over the split.
            shuffle: draw a new order each epoch, from the seed and the number of steps taken.
            class_weight: a factor per class number, for the rows to train on, not for validation.
            sample_weight: a factor per row.
            initial_epoch: where to go on.
            steps_per_epoch: how many batches of a generator make an epoch; of what has a length,
                all of them unless given.
            validation_steps: the same of validation_data. What can be gone over again begins anew
                each time.
            allow_nonfinite: let NaN and Inf in the data through.
        """
        plan = feeding.fit_plan(batch_size, epochs, initial_epoch, shuffle)
        source, validation = sources.to_fit(
            self,
            (x, y, sample_weight),
            (validation_data, validation_split),
            class_weight,
            (batch_size, steps_per_epoch, validation_steps),
            allow_nonfinite,
        )
        history, listeners = feeding.listeners(
            self, callbacks, verbose, plan, source, validation is not None
        )
        position = loop.Position(plan.initial_epoch, self.iteration)
        loop.fit(self, loop.Fit(source, validation, plan, listeners, position))
        return history

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        *,
        return_dict: bool = False,
        allow_nonfinite: bool = False,
    ) -> Any:
        """Loss and metrics in inference mode.

        Args:
            x, y, batch_size, sample_weight, allow_nonfinite: see `fit`.
            verbose: "auto" or 1: a progress bar on a terminal.
            steps: how many batches of a generator are read; all of them unless given.
            return_dict: return the numbers by name.

        Returns:
            The loss; a list of loss and metrics where there are metrics; or a dict of them.
        """
        size = feeding.batch_size(batch_size)
        given = (x, y, sample_weight)
        source = sources.to_evaluate(self, given, batch_size, steps, allow_nonfinite)
        logs = loop.evaluate(self, source, size, verbose=verbose)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        *,
        allow_nonfinite: bool = False,
    ) -> Any:
        """The outputs in inference mode, on the host.

        Args:
            x: as for `fit`; a generator yields x, or tuples that begin with it.
            batch_size, allow_nonfinite: see `fit`.
            verbose, steps: see `evaluate`.

        Returns:
            (N, ...), or a list of such arrays where the model has several outputs.
        """
        size = feeding.batch_size(batch_size)
        source = sources.to_predict(self, x, batch_size, steps, allow_nonfinite)
        outputs: list[Array] = loop.predict(self, source, size, verbose)
        return outputs[0] if len(outputs) == 1 else outputs
