"""A script that trains, kills itself at some moment, and is started again until it is through.

    python -m tests.runs.killed FOLDER [MOMENT [FILE]]

The moment is a number of Python calls, of those made in a source file where one is named: it may
lie in a layer, in a line of the log, or between the writing of a checkpoint and its renaming. The
last line of a script that comes through tells what it left.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

import nnscratch as nn
from tests.nets import conv_net, everything
from tests.runs.trainings import fit, watchers

FILES = ("", "growth.py", "atomic.py", "log.py")
"""Where calls are counted: everywhere, and where files are written."""


def strike_at(moment, where):
    """Kill this process at its so-manieth call; returns what counts them, file by file."""
    calls = dict.fromkeys(FILES, 0)

    def count(frame, event, argument):
        if event not in ("call", "c_call"):
            return
        for file in FILES:
            if frame.f_code.co_filename.endswith(file):
                calls[file] += 1
                if file == where and calls[file] == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    return calls


def warm_up():
    """Let what is only done once in a process, such as imports, take no part in the count."""
    with tempfile.TemporaryDirectory() as folder:
        fit(conv_net(), nn.Run(Path(folder) / "run"), epochs=1)


def main(folder, moment=0, where=""):
    warm_up()
    calls = strike_at(int(moment), where)
    model, callbacks = conv_net(), [*watchers(), nn.CSVLogger(folder / "log.csv")]
    run = nn.Run(folder / "run", every=4, keep=3, resume=True)
    recorder = nn.Recorder(every=3)
    history = fit(model, *callbacks, recorder, run, epochs=5)
    sys.setprofile(None)
    left = {
        "values": digest(everything(model)),
        "recorded": digest(recorder.to_dict()),
        "looks": [vars(look) for look in recorder.looks],
        "history": history.history,
        "loss": run.loss,
        "states": [repr(callback.state()) for callback in callbacks],
        "replayed": [run.step(index).loss for index in run.steps] == run.loss,
    }
    print(json.dumps({"calls": calls, "left": left}, default=np.ndarray.tolist))


def digest(arrays):
    """A digest of arrays by name."""
    found = hashlib.sha256()
    for place, array in sorted(arrays.items()):
        found.update(place.encode() + array.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
