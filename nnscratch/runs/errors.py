"""What can be wrong with a recorded run."""

from __future__ import annotations

from nnscratch.core.errors import NNError


class RunError(NNError, RuntimeError):
    """A folder that holds no run, a damaged one or another one; or a run that cannot go on."""


class ReplayError(RunError):
    """A step that did not come out as it was recorded."""
