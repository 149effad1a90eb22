"""The studies by name. A study is imported when it is asked for."""

from __future__ import annotations

import importlib

from nnscratch.core.errors import look_up
from nnscratch.studies.study import Study

MODULES = {
    "zero-init": "nnscratch.studies.digits.zero_init",
    "unit-kernel": "nnscratch.studies.digits.unit_kernel",
    "frozen-accuracy": "nnscratch.studies.frozen_accuracy.study",
    "predicts-the-mean": "nnscratch.studies.predicts_the_mean.study",
    "siamese": "nnscratch.studies.siamese.study",
    "resnet-plateau": "nnscratch.studies.resnet_plateau.study",
}


def get(name: str) -> Study:
    """The study of that name.

    Raises:
        UnknownNameError: there is none; names the nearest one.
    """
    study: Study = importlib.import_module(look_up("study", name, MODULES)).STUDY
    return study


def names() -> list[str]:
    """All names."""
    return list(MODULES)
