"""A training program as data: what stands in a file of the folder.

A case has two twins, `buggy` and `fixed`; a control only the latter. Classes, arguments and
defaults are Keras 3's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.doctor.fields import Fields, ProgramError

TASKS = ("binary", "class", "balanced", "label", "reg")
RULES = ("", "chance", "2x", "train_loss_2x", "metric_gap", "metric_gap_abs")
FAULTS = ("negate_gradients", "accumulate_gradients")

Which = Literal["buggy", "fixed"]


@dataclass(frozen=True)
class Described:
    """A class by its Keras name, and what it is made with."""

    kind: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class LayerSpec:
    """A layer."""

    layer: Described
    name: str
    calls: tuple[tuple[str, ...], ...]
    """The inputs of each of its calls; of a sequential model's layers none are told."""


@dataclass(frozen=True)
class ModelSpec:
    """A chain of layers, or a graph of their calls."""

    inputs: Mapping[str, tuple[int, ...]]
    """The shapes, without the batch axis, by name; a chain has one."""
    layers: tuple[LayerSpec, ...]
    sequential: bool


@dataclass(frozen=True)
class Twin:
    """One training."""

    data: Mapping[str, Any]
    """What the folder's `load` is given."""
    model: ModelSpec
    loss: str | Described
    optimizer: Described
    batch_size: int
    epochs: int
    validation_split: float
    shuffle: bool
    seed: int
    metrics: tuple[str, ...]
    fault: str | None
    """What is done to the gradients, one of FAULTS."""


@dataclass(frozen=True)
class Expect:
    """When the buggy twin counts as failed, and the fixed one as repaired."""

    task: str
    on: str
    rule: str
    fixed_ok: float
    fixed_truth: bool
    """Whether predictions are held against the labels of the fixed twin."""
    gap: float
    """By how much the metric has to lie, for the rules that are about it."""


@dataclass(frozen=True)
class Program:
    """A case or a control."""

    file: Path
    id: str
    kind: str
    tier: int
    category: str
    also_accept: tuple[str, ...]
    where: tuple[str, ...]
    expect: Expect
    buggy: Twin | None
    fixed: Twin

    def twin(self, which: Which) -> Twin:
        """One of the twins.

        Raises:
            ProgramError: a control has no buggy one.
        """
        twin = self.fixed if which == "fixed" else self.buggy
        if twin is None:
            raise ProgramError(f"{self.file}: a control has no buggy twin")
        return twin


def read(file: Path) -> Program:
    """The program of a file.

    Raises:
        OSError: it cannot be read.
        ProgramError, ArgumentError: it is not as described; names the field.
    """
    fields = Fields.of(file)
    kind = fields.text("kind", "bug", "control")
    fault = fields.fields("fault")
    return Program(
        file=file,
        id=fields.text("id"),
        kind=kind,
        tier=fields.whole("tier", 1),
        category=fault.text("category"),
        also_accept=fault.texts("also_accept"),
        where=fault.texts("where"),
        expect=_expect(fields.fields("expect")),
        buggy=_twin(fields.fields("buggy")) if kind == "bug" else None,
        fixed=_twin(fields.fields("fixed")),
    )


def _expect(fields: Fields) -> Expect:
    rule = fields.text("rule", *RULES)
    return Expect(
        task=fields.text("task", *TASKS),
        on=fields.text("on", "train", "val"),
        rule=rule,
        fixed_ok=fields.number("fixed_ok"),
        fixed_truth="truth" in fields.all and fields.text("truth", "fixed") == "fixed",
        gap=fields.number("gap") if rule.startswith("metric_gap") else 0.0,
    )


def _twin(fields: Fields) -> Twin:
    data = fields.fields("data")
    data.text("name")
    fault = fields.all.get("training_fault")
    return Twin(
        data=data.all,
        model=_model(fields.fields("model")),
        loss=described(fields.where, "loss", fields.read("loss", object, "a loss")),
        optimizer=_optimizer(fields.fields("optimizer")),
        batch_size=fields.whole("batch_size", 1),
        epochs=fields.whole("epochs", 1),
        validation_split=fields.number("validation_split", low=0, below=1),
        shuffle=fields.flag("shuffle"),
        seed=fields.whole("seed", 0),
        metrics=fields.texts("metrics"),
        fault=fields.fields("training_fault").text("kind", *FAULTS) if fault else None,
    )


def _optimizer(fields: Fields) -> Described:
    return Described(fields.text("class"), fields.fields("kwargs").all)


def _model(fields: Fields) -> ModelSpec:
    sequential = fields.text("kind", "sequential", "functional") == "sequential"
    if sequential:
        inputs = {"input": fields.shape("input_shape")}
    else:
        inputs = {item.text("name"): item.shape("shape") for item in fields.objects("inputs")}
    layers = tuple(_layer(item, sequential) for item in fields.objects("layers"))
    if not inputs or not layers:
        raise ProgramError(f"{fields.where}: expected inputs and layers, but there are none")
    return ModelSpec(inputs, layers, sequential)


def _layer(fields: Fields, sequential: bool) -> LayerSpec:
    kind, name = fields.text("class"), fields.text("name")
    kwargs = {key: value for key, value in fields.all.items() if key not in ("class", "name")}
    calls: tuple[tuple[str, ...], ...] = ()
    if not sequential:
        several = Fields(fields.where, {"inputs": kwargs.pop("inputs", None)})
        given = kwargs.pop("calls", None)
        calls = (
            (several.texts("inputs"),)
            if given is None
            else tuple(Fields(fields.where, {"calls": call}).texts("calls") for call in given)
        )
    arguments = {key: _value(fields, key, value) for key, value in kwargs.items()}
    return LayerSpec(Described(kind, arguments), name, calls)


def _value(fields: Fields, key: str, value: object) -> object:
    """An argument of a layer: initializers and the like may be described."""
    if key.endswith(("_initializer", "_regularizer", "_constraint")) and value is not None:
        return described(fields.where, key, value)
    return value


def described(where: str, name: str, value: object) -> str | Described:
    """A name, or a class with arguments."""
    if isinstance(value, str):
        return value
    fields = Fields(f"{where}: {name}", value)
    arguments = {key: item for key, item in fields.all.items() if key != "class"}
    return Described(fields.text("class"), arguments)
