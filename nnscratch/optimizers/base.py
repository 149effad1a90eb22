"""What all optimizers share: their arguments, the learning rate, clipping and weight decay."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Self, TypeAlias

from nnscratch import schedules
from nnscratch.core.arguments import flag, number, positive
from nnscratch.core.context import Context
from nnscratch.core.errors import DescriptionType, UnknownNameError
from nnscratch.kernels.ops import Array

Slots: TypeAlias = Mapping[str, Array]
"""What an optimizer remembers, by name: flat arrays like the parameters."""
Slices: TypeAlias = Mapping[str, slice]
"""Where each parameter lies in the flat arrays, by path."""


def within(**bounds: float) -> dict[str, dict[str, float]]:
    """The metadata of a field that has to be a number in these bounds, see `number`."""
    return {"bounds": bounds}


AVERAGE = "average"
"""The slot of the parameters' moving average."""
POSITIVE = within(above=0)
NOT_NEGATIVE = within(low=0)
FRACTION = within(low=0, high=1)
DECAY_RATE = within(low=0, below=1)


@dataclass(frozen=True, kw_only=True)
class Optimizer(metaclass=DescriptionType):
    """Base of all optimizers.

    Args:
        learning_rate: a number, or a schedule: a function of the iteration.
        weight_decay: the share, times the learning rate, that every parameter loses per step.
        clipnorm: the largest norm of one parameter's gradient; longer ones are scaled down.
        clipvalue: the largest magnitude of a number in a gradient.
        global_clipnorm: the largest norm of all gradients together.
        exclude_from_weight_decay: patterns of paths, such as "*/bias", that do not decay.
        use_ema: whether to keep an exponential moving average of the parameters after each step,
            in the slot "average". The first step's parameters are the first average. When `fit` is
            through, it is what the model holds.
        ema_momentum: the share of the average that a step keeps.
        ema_overwrite_frequency: after how many steps, each time, the parameters are replaced by
            the average; None: not before the end.

    Raises:
        ArgumentError: what is no number in its range.
        ValueError: more than one of the three ways to clip, exclusions from no decay, or how often
            an average replaces the weights where none is kept.
        TypeError: a learning rate or exclusions of another kind.
    """

    learning_rate: schedules.Identifier
    weight_decay: float | None = field(default=None, metadata=NOT_NEGATIVE)
    clipnorm: float | None = field(default=None, metadata=POSITIVE)
    clipvalue: float | None = field(default=None, metadata=POSITIVE)
    global_clipnorm: float | None = field(default=None, metadata=POSITIVE)
    exclude_from_weight_decay: Sequence[str] = ()
    use_ema: bool = False
    ema_momentum: float = field(default=0.99, metadata=FRACTION)
    ema_overwrite_frequency: int | None = None

    def __post_init__(self) -> None:
        schedules.get(self.learning_rate)
        for argument in fields(self):
            value = getattr(self, argument.name)
            left_out = value is None and argument.default is None
            if "bounds" in argument.metadata and not left_out:
                what = f"{type(self).__name__} {argument.name}"
                # A Python float does not widen a float32 array, as a float64 scalar of NumPy would.
                checked = number(what, value, **argument.metadata["bounds"])
                object.__setattr__(self, argument.name, checked)
        clips = ("clipnorm", "clipvalue", "global_clipnorm")
        given = [name for name in clips if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{type(self).__name__}: choose one of {' and '.join(given)}")
        self._check_exclusions()
        flag(f"{type(self).__name__} use_ema", self.use_ema)
        if self.ema_overwrite_frequency is not None:
            positive(f"{type(self).__name__} ema_overwrite_frequency", self.ema_overwrite_frequency)
            if not self.use_ema:
                raise ValueError(
                    f"{type(self).__name__}: ema_overwrite_frequency="
                    f"{self.ema_overwrite_frequency} without use_ema=True; give both or neither"
                )

    def _check_exclusions(self) -> None:
        patterns = self.exclude_from_weight_decay
        if isinstance(patterns, str) or not all(isinstance(p, str) for p in patterns):
            raise TypeError(
                f"{type(self).__name__}: expected exclude_from_weight_decay to be patterns such "
                f'as ["*/bias"], got {patterns!r}'
            )
        if patterns and self.weight_decay is None:
            raise ValueError(
                f"{type(self).__name__}: exclude_from_weight_decay={patterns!r} without "
                "weight_decay; give both or neither"
            )
        object.__setattr__(self, "exclude_from_weight_decay", tuple(patterns))

    @abstractmethod
    def init(self, ctx: Context, params: Array) -> dict[str, Array]:
        """The slots before the first step."""

    @abstractmethod
    def update(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """What is to be added to the parameters, and the slots after this step.

        Args:
            ctx: holds the kernels.
            params: parameters, already decayed.
            gradients: their gradients, already clipped.
            slots: what `init` or the step before returned.
            iteration: 0 at the first step.
        """

    def begin(self, ctx: Context, params: Array) -> dict[str, Array]:
        """All slots before the first step: those of `init`, and the average's."""
        own = self.init(ctx, params)
        return {**own, AVERAGE: params.copy()} if self.use_ema else own

    def advance(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """`update`, and the average of what it makes of the parameters. See there.

        Where the average replaces the parameters, the update leads there.
        """
        updates, own = self.update(ctx, params, gradients, slots, iteration)
        if not self.use_ema:
            return updates, own
        kept = self.ema_momentum if iteration else 0.0
        average = kept * slots[AVERAGE] + (1 - kept) * (params + updates)
        frequency = self.ema_overwrite_frequency
        if frequency is not None and (iteration + 1) % frequency == 0:
            updates = average - params
        return updates, {**own, AVERAGE: average}

    def descend(
        self, ctx: Context, params: Array, gradients: Array, slots: Slots, iteration: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameters plus what `advance` asks to add to them, and the slots. See there.

        A rule that makes both in one pass over the parameters overrides it, to the same bits.
        """
        updates, own = self.advance(ctx, params, gradients, slots, iteration)
        return ctx.k.add(params, updates), own

    def __init_subclass__(cls, **keywords: object) -> None:
        """Where a class has an update of its own, no other rule's single pass takes its place."""
        super().__init_subclass__(**keywords)
        owner = next(base for base in cls.__mro__ if "descend" in vars(base))
        if any(getattr(cls, name) is not getattr(owner, name) for name in ("update", "advance")):
            cls.descend = Optimizer.descend  # type: ignore[method-assign]

    def learning_rate_at(self, iteration: int) -> float:
        """The learning rate of a step; the first is 0."""
        return float(schedules.get(self.learning_rate)(iteration))

    def with_learning_rate(self, value: schedules.Identifier) -> Self:
        """The same optimizer with another learning rate or schedule; its slots still fit."""
        return replace(self, learning_rate=value)

    def clip(self, ctx: Context, gradients: Array, slices: Slices) -> Array:
        """The gradients, clipped as configured; the same array where nothing is.

        A gradient that is short enough keeps its bits. Norms are taken in float64, so that
        squares neither overflow nor vanish. A norm that is not finite makes all that it would
        scale NaN, so that it shows (as in Keras for the global one).
        """
        if self.clipvalue is not None:
            clipped: Array = ctx.xp.clip(gradients, -self.clipvalue, self.clipvalue)
            return clipped
        if self.global_clipnorm is not None:
            return shortened(ctx, gradients, self.global_clipnorm)
        if self.clipnorm is not None:
            clipped = gradients.copy()
            for place in slices.values():
                clipped[place] = shortened(ctx, gradients[place], self.clipnorm)
            return clipped
        return gradients

    def decay(self, ctx: Context, params: Array, slices: Slices, iteration: int) -> Array | None:
        """-params * weight_decay * learning rate, 0 where excluded; None without weight decay.

        Raises:
            UnknownNameError: a pattern of exclude_from_weight_decay matches no path.
        """
        if self.weight_decay is None:
            return None
        decay = -(params * self.weight_decay * self.learning_rate_at(iteration))
        for pattern in self.exclude_from_weight_decay:
            excluded = [path for path in slices if fnmatchcase(path, pattern)]
            if not excluded:
                raise UnknownNameError("weight to exclude from weight decay", pattern, slices)
            for path in excluded:
                decay[slices[path]] = 0
        return decay


def shortened(ctx: Context, gradient: Array, longest: float) -> Array:
    """The gradient times longest / max(its norm, longest)."""
    xp = ctx.xp
    norm = xp.sqrt(xp.sum(xp.square(gradient, dtype="float64")))
    scale = xp.where(xp.isfinite(norm), longest / xp.maximum(norm, longest), xp.nan)
    result: Array = gradient * scale.astype(gradient.dtype)
    return result
