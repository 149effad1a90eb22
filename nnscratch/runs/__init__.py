"""Recorded trainings: replayed to the bit, forked and resumed."""
