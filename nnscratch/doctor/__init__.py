"""The doctor: watches a training, names what ails it, and shows the evidence."""

from nnscratch.doctor.ablation import Ablation, ablate
from nnscratch.doctor.causes import CAUSES
from nnscratch.doctor.diagnosis import Diagnosis
from nnscratch.doctor.doctor import Doctor, diagnose
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.minimal import Minimal, minimise
from nnscratch.doctor.one_batch import Overfit, overfit_one_batch

__all__ = [
    "CAUSES",
    "Ablation",
    "Certainty",
    "Diagnosis",
    "Doctor",
    "Evidence",
    "Finding",
    "Minimal",
    "Overfit",
    "ablate",
    "diagnose",
    "minimise",
    "overfit_one_batch",
]
