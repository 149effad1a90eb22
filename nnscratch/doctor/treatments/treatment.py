"""Treatment: what all of them are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from nnscratch.core.errors import NNError
from nnscratch.doctor.program import Program


class TreatmentError(NNError, ValueError):
    """A program that a treatment cannot be applied to."""


class Treatment(ABC):
    """One change of a program."""

    goes_on: ClassVar[bool] = False
    """Whether it is tried from the end of the training on, rather than from its beginning."""

    @abstractmethod
    def __call__(self, program: Program) -> Program:
        """The changed program.

        Raises:
            NNError: this program has nothing to be changed in this way.
        """

    @abstractmethod
    def __str__(self) -> str:
        """What is changed: "tried with ..."."""
