"""Treatments: changes of a program. Each changes one thing, and says what.

A rule attaches one to its finding where a program can apply the fix: `treatment=LearningRate(0.1)`.
Findings that ask for somebody's judgement, such as wrong labels, have none, but may have twins:
changes that heal nothing, and tell causes apart. What comes of both is tried by
`nnscratch.doctor.trial`. For a fix that is not here yet, write another `Treatment`: a
frozen dataclass that makes a Program of a Program, and a phrase that fits behind "tried with".
"""

from nnscratch.doctor.treatments.data import ClassWeights, StandardisedInput, StandardisedTargets
from nnscratch.doctor.treatments.layers import (
    FirstWeights,
    HiddenActivations,
    LayerArguments,
    NoPenalty,
    Unfrozen,
    Wider,
)
from nnscratch.doctor.treatments.output import LastLayer, Logits, probabilities
from nnscratch.doctor.treatments.steps import (
    Descent,
    LearningRate,
    LossTimes,
    MoreEpochs,
    OptimizerArguments,
)
from nnscratch.doctor.treatments.treatment import Treatment, TreatmentError
from nnscratch.doctor.treatments.twins import OneBatch, ShuffledLabels, Twin

__all__ = [
    "ClassWeights",
    "Descent",
    "FirstWeights",
    "HiddenActivations",
    "LastLayer",
    "LayerArguments",
    "LearningRate",
    "Logits",
    "LossTimes",
    "MoreEpochs",
    "NoPenalty",
    "OneBatch",
    "OptimizerArguments",
    "ShuffledLabels",
    "StandardisedInput",
    "StandardisedTargets",
    "Treatment",
    "TreatmentError",
    "Twin",
    "Unfrozen",
    "Wider",
    "probabilities",
]
