"""What resnet-plateau tells the asker: the answer, and what advice is worth."""

from __future__ import annotations

from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.study import Advice, Results


def answer(results: Results) -> str:
    """What to tell the asker."""
    return "\n\n".join(part(results) for part in (if_validation, if_normalised, if_training))


def if_validation(results: Results) -> str:
    """Batch norm's lag."""
    large, quick = results["large batches"], results["large, momentum"]
    return (
        "Look at which accuracy it is. If it is that of validation alone, batch norm judges by "
        f"moving averages that are not there yet: in large batches {large['updates']} updates "
        f"leave {read.left(large):.0%} of the first values in them, and the epochs end at "
        f"{read.epochs(large, 'val_accuracy')} in validation, at {read.epochs(large, 'accuracy')} "
        "in training. By their batches' own statistics validation rows get "
        f"{read.last(large, 'batch_accuracy'):.2f}. It is not overfitting: by the averages "
        f"training rows get {read.last(large, 'seen_accuracy'):.2f}. Take a momentum of 0.9, as "
        f"many updates then give {read.epochs(quick, 'val_accuracy')}; or let early stopping wait."
    )


def if_normalised(results: Results) -> str:
    """What the accepted answer does."""
    asker, scaled = results["asker"], results["scaled"]
    return (
        "Normalising the images is no remedy. In training batch norm does not see their scale: "
        f"{read.epochs(asker, 'accuracy')} with raw pixels, {read.epochs(scaled, 'accuracy')} with "
        "scaled ones. The moving variances begin at 1, and those of scaled pixels are far below: "
        f"validation is at {read.epochs(scaled, 'val_accuracy')} with these and at "
        f"{read.epochs(asker, 'val_accuracy')} with raw ones; in large batches at "
        f"{read.epochs(results['large, scaled'], 'val_accuracy')}."
    )


def if_training(results: Results) -> str:
    """Too large steps, and sorted rows."""
    return (
        "If it is the accuracy of training, your steps are too long: with Adam at 0.1 the epochs "
        f"end at {read.epochs(results['rate x 100'], 'accuracy')}. If it is exactly 0, the rows "
        "are sorted."
    )


def advice(results: Results) -> list[Advice]:
    """What was answered, and what such questions are answered."""
    asker, scaled, large = (results[n] for n in ("asker", "scaled", "large batches"))
    large_scaled, quick = results["large, scaled"], results["large, momentum"]
    plain = results["no norm"]
    high, rows = results["rate x 100"], results["sorted rows"]
    worse = read.apart(large, large_scaled, "val_accuracy")
    return [
        Advice(
            "Normalise the images.",
            "makes it worse" if worse > 0.1 else "not the cause",
            "Batch norm does that. Raw and scaled, training ends at "
            f"{read.last(asker, 'accuracy'):.2f} and {read.last(scaled, 'accuracy'):.2f}, "
            f"validation at {read.last(asker, 'val_accuracy'):.2f} and "
            f"{read.last(scaled, 'val_accuracy'):.2f}; in large batches validation at "
            f"{read.last(large, 'val_accuracy'):.2f} and "
            f"{read.last(large_scaled, 'val_accuracy'):.2f}. Without batch norm it would matter: "
            f"in training, too, logits are then {plain['training_ratio']:.0f} times as large.",
        ),
        Advice(
            "Lower the learning rate.",
            "supported, if it was high",
            f"At 0.1 the first step moves a kernel by {high['first_move']:.0%} of itself, and "
            f"the epochs end at {read.epochs(high, 'accuracy')} in training; with a rate of 0.001 "
            f"they do at {read.epochs(asker, 'accuracy')}.",
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
            "verified" if asker["scale"] == "full" else "verified at full size",
            f"With {asker['updates']} updates for {large['updates']} {read.left(asker):.1%} of the "
            f"first values are left instead of {read.left(large):.1%}, and validation is at "
            f"{read.last(asker, 'val_accuracy'):.2f}; it was at "
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
