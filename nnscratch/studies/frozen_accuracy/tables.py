"""The tables of the study frozen-accuracy."""

from __future__ import annotations

from collections.abc import Sequence

from nnscratch.core.table import Table
from nnscratch.studies.study import Measurements, Results

LOGS = ("loss", "accuracy", "val_loss", "val_accuracy")
PUBLISHED = {"epoch 1": (10.4525, 0.4903, 11.4543, 0.4473), "later": (11.4543, 0.4473) * 2}


def tables(results: Results) -> list[Table]:
    """What was printed, and what each mini-batch did."""
    return [printed(results["asker"]), mini_batches(results["asker"])]


def printed(asker: Measurements) -> Table:
    """The published log beside that of the rebuilt system."""
    history, count = asker["epochs"], len(asker["epochs"]["loss"])
    rows = [(f"asker, {epoch}", *map(digits, values)) for epoch, values in PUBLISHED.items()]
    for epoch in (1, 2, 3, count):
        values = [history[name][epoch - 1] for name in LOGS]
        rows.append((f"here, epoch {epoch}", *map(digits, values)))
    return Table("What is printed", ("", *LOGS), rows, (other_starts(asker["starts"]),))


def other_starts(starts: Sequence[Measurements]) -> str:
    """Where other starts of the same system lead, in words."""
    smaller = sum(seen["smaller"] == seen["rows"] for seen in starts)
    larger = sum(seen["smaller"] == 0 for seen in starts)
    return (
        f"Which class it falls into is chance. After one epoch from {len(starts)} starts, "
        f"{smaller} answer the smaller class for every image (11.4543, 0.4473), {larger} the "
        f"larger (9.2690, 0.5527), {len(starts) - smaller - larger} both; the study takes the "
        "first start that prints what was published."
    )


def mini_batches(asker: Measurements) -> Table:
    """Activations and gradients in every mini-batch of the first epoch, and later."""
    per_epoch = asker["mini_batches"] // len(asker["epochs"]["loss"])
    activations, gradients = asker["activations"], asker["gradients"]
    columns = {
        "loss": asker["batch_loss"],
        "conv": activations["conv_activation"],
        "hidden": activations["hidden_activation"],
        "logits": activations["output"],
        "dlogits": asker["output_gradients"]["output"],
        **{f"d{layer}": gradients[f"{layer}/kernel"] for layer in ("conv", "hidden", "output")},
    }
    shown = [*range(per_epoch + 2), len(asker["steps"]) - 1]
    rows = [
        (str(asker["steps"][place] + 1), *(f"{column[place]:.4g}" for column in columns.values()))
        for place in shown
    ]
    return Table(
        "Activations and gradients of each mini-batch",
        ("step", *columns),
        rows,
        (
            "Steps count from 1. conv, hidden, logits: the largest activation, behind the ReLU "
            "where there is one. dlogits, dconv, dhidden, doutput: the norm of the gradient of the "
            "loss by the logits and by each kernel; 0 is exactly 0.",
            "Of your own network: recorder = nn.Recorder(); model.fit(x, y, callbacks=recorder); "
            'recorder["conv"].output.max and recorder["conv/kernel"].gradient.norm have a number '
            "for each mini-batch.",
        ),
    )


def digits(value: float) -> str:
    """A number as Keras prints it."""
    return f"{value:.4f}"
