"""Rules and ranking speak of known causes only."""

from __future__ import annotations

from nnscratch.doctor import CAUSES
from nnscratch.doctor.ranking import EXPLAINS
from nnscratch.doctor.rules import RULES


def test_every_name_is_a_cause():
    named = {*RULES, *EXPLAINS, *(cause for causes in EXPLAINS.values() for cause in causes)}
    assert named <= set(CAUSES)
