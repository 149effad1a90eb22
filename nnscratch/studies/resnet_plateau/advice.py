"""What resnet-plateau tells the asker: the answer, and what advice is worth."""

from __future__ import annotations

from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.study import Advice, Results


def answer(results: Results) -> str:
    """What to tell the asker."""
    asker, large, high = (results[n] for n in ("asker", "large batches", "rate x 100"))
    return (
        "Look at which accuracy it is. If it is that of training, your steps are too long: with "
        f"Adam at 0.1 it ends at {read.last(high, 'accuracy'):.2f}, and at 0.001 it is at "
        f"{read.at(asker, 'accuracy', high['epochs']):.2f} by then. If only that of validation "
        "stays down, batch norm judges by moving averages that are not there yet: after "
        f"{large['updates']} updates {read.left(large):.0%} of their first values are left, and "
        f"validation rows get {read.last(large, 'moving_accuracy'):.2f} by them but "
        f"{read.last(large, 'batch_accuracy'):.2f} by their batches' own statistics. It is not "
        f"overfitting: training rows get {read.last(large, 'seen_accuracy'):.2f}. Take a momentum "
        "of 0.9, or more updates before early stopping may act. If it is exactly 0, the rows are "
        "sorted. Raw pixels are not to blame: in training batch norm does not see their scale "
        f"({read.last(asker, 'accuracy'):.2f} with raw ones, "
        f"{read.last(results['scaled'], 'accuracy'):.2f} with scaled ones)."
    )


def advice(results: Results) -> list[Advice]:
    """What was answered, and what such questions are answered."""
    asker, scaled, large = (results[n] for n in ("asker", "scaled", "large batches"))
    large_scaled, quick = results["large, scaled"], results["large, momentum"]
    plain, plain_scaled = results["no norm"], results["no norm, scaled"]
    higher, high, rows = (results[n] for n in ("rate x 10", "rate x 100", "sorted rows"))
    return [
        Advice(
            "Normalise the images.",
            "not the cause",
            "Batch norm does that. Raw and scaled, training ends at "
            f"{read.last(asker, 'accuracy'):.2f} and {read.last(scaled, 'accuracy'):.2f}, "
            f"validation at {read.last(asker, 'val_accuracy'):.2f} and "
            f"{read.last(scaled, 'val_accuracy'):.2f}; in large batches validation at "
            f"{read.last(large, 'val_accuracy'):.2f} and "
            f"{read.last(large_scaled, 'val_accuracy'):.2f}. Without batch norm it would matter: "
            f"the first loss is {plain['first_loss']:.1f} with raw pixels and "
            f"{plain_scaled['first_loss']:.1f} with scaled ones.",
        ),
        Advice(
            "Lower the learning rate.",
            "supported, if it was high",
            f"At 0.1 the first step moves a kernel by {high['first_move']:.0%} of itself, and "
            f"training gets no further than {read.last(high, 'accuracy'):.2f}. After one epoch it "
            f"is at {read.at(higher, 'accuracy', 1):.2f} with a rate of 0.01 and at "
            f"{read.at(asker, 'accuracy', 1):.2f} with 0.001.",
        ),
        Advice(
            "Lower batch norm's momentum.",
            "verified",
            f"In large batches 0.9 for 0.99 takes validation from "
            f"{read.last(large, 'val_accuracy'):.2f} to {read.last(quick, 'val_accuracy'):.2f} "
            "after as many updates; training is the same to the last bit.",
        ),
        Advice(
            "Take smaller batches, or let early stopping wait: more updates.",
            "verified",
            f"With {asker['updates']} updates for {large['updates']} in as many epochs "
            f"{read.left(asker):.1%} of the first values are left instead of "
            f"{read.left(large):.1%}, and validation is at "
            f"{read.last(asker, 'val_accuracy'):.2f}, not at "
            f"{read.last(large, 'val_accuracy'):.2f}.",
        ),
        Advice(
            "Shuffle before the split: validation_split takes the last rows.",
            "another symptom",
            f"Of sorted rows it takes {rows['absent_classes']} classes that training never sees, "
            f"and the accuracy on these is exactly 0, not 0.2, while training is at "
            f"{read.last(rows, 'accuracy'):.2f}.",
        ),
        Advice(
            "It has overfitted.",
            "not so",
            "Judged by the moving averages, rows that it was trained on do as badly: "
            f"{read.last(large, 'seen_accuracy'):.2f} against "
            f"{read.last(large, 'moving_accuracy'):.2f}.",
        ),
    ]
