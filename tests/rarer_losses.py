"""The losses that few people name, each in the forms in which it computes something else."""

from __future__ import annotations

from nnscratch.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    Contrastive,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    Poisson,
    SquaredHinge,
)

RARER_LOSSES: list[Loss] = [
    Huber(),
    Huber(0.2),
    LogCosh(),
    Poisson(),
    Hinge(),
    SquaredHinge(),
    CategoricalHinge(),
    Contrastive(),
    Contrastive(0.5),
    KLDivergence(),
    BinaryCrossentropy(label_smoothing=0.2),
    BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    CategoricalCrossentropy(label_smoothing=0.2),
    CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
    BinaryFocalCrossentropy(),
    BinaryFocalCrossentropy(gamma=0.5, label_smoothing=0.2),
    BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, from_logits=True),
    CategoricalFocalCrossentropy(),
    CategoricalFocalCrossentropy(gamma=0.5, label_smoothing=0.2),
    CategoricalFocalCrossentropy(alpha=0.3, from_logits=True),
]
