"""Recorded trainings: replayed to the bit, forked and resumed.

* ``run``           Run, what users have in hand; ``listener`` is its half that listens to `fit`;
* ``backup``        a run that is only kept until training is through;
* ``beginning``     how recording begins, anew or where it was interrupted; ``recording``, how it
                    goes on;
* ``replay``, ``fork``  a run gone over again, and led on otherwise; ``continuation`` and
                    ``recollection``, how callbacks take that;
* ``archive``       what is known of a run, from its folder or while it is trained;
* ``manifest``, ``log``, ``checkpoint_files``  the files; ``record`` is what the log says,
                    ``checkpoints`` which files are kept, ``packing`` how arrays lie in JSON,
                    ``growth`` what checkpoints have in common;
* ``folder``        where the files lie, and what is said when they cannot be read or written;
                    ``schema``, what they have to look like;
* ``descriptions``, ``blueprint``  layers, losses ... and whole models as JSON;
* ``data``, ``environment``, ``callback_states``  what else has to be as it was.
"""

from __future__ import annotations

from nnscratch.runs.backup import BackupAndRestore
from nnscratch.runs.errors import ReplayError, RunError
from nnscratch.runs.fork import Fork
from nnscratch.runs.run import Run

__all__ = ["BackupAndRestore", "Fork", "ReplayError", "Run", "RunError"]
