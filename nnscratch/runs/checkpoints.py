"""The checkpoints of a run: what they hold, where they lie, and which of them are kept."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from nnscratch.runs import checkpoint_files
from nnscratch.runs.checkpoint_files import Checkpoint
from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import LOST
from nnscratch.runs.growth import Growth
from nnscratch.runs.log import Mark
from nnscratch.training.compiled import Compiled
from nnscratch.training.weight_files import WeightFileError

FOLDER = "checkpoints"
FILE = re.compile(r"step-(\d{6,})(-changed)?\.safetensors")
TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8}\.tmp")


class Key(NamedTuple):
    """Before which step a checkpoint was taken. In this order they can be gone through."""

    step: int
    changed: bool = False
    """Whether it was taken since something else than the step before it had changed the model. It
    serves replay, which cannot do without it, so it stays; callbacks' states are not in it."""


class Checkpoints:
    """The checkpoints in the folder of a run.

    Args:
        folder: of the run.
        run: whose checkpoints these are.
        every: after how many steps one is taken.
        keep: how many of them stay.
    """

    def __init__(self, folder: Path, run: str, every: int, keep: int):
        self.folder = folder / FOLDER
        self.run = run
        self.every = every
        self.keep = keep
        self.growth = Growth(folder)

    def keys(self) -> list[Key]:
        """Those that are there, in order."""
        if not self.folder.is_dir():
            return []
        found = (FILE.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(Key(int(name[1]), name[2] is not None) for name in found if name)

    def latest(self, step: float = math.inf) -> Key:
        """The newest from which training can go on, of those of a step or before it.

        Raises:
            RunError: there is none.
        """
        keys = [key for key in self.keys() if not key.changed and key.step <= step]
        if not keys:
            raise self._gone(f"{self.folder}: there is no checkpoint; {LOST}")
        return keys[-1]

    def before(self, step: int) -> Key:
        """The nearest from which a step can be reached.

        Raises:
            RunError: there is none.
        """
        keys = [key for key in self.keys() if key.step <= step]
        if not keys:
            nearest = f"there is no checkpoint of step {step} or before it"
            raise self._gone(f"{self.folder}: {nearest}; {LOST}")
        return keys[-1]

    def _gone(self, what: str) -> RunError:
        """What is wrong, unless it is that the whole run is gone."""
        if self.folder.parent.is_dir():
            return RunError(what)
        return RunError(
            f"{self.folder.parent}: is there no longer; if the run was moved, open it where it is "
            "now: nn.Run.open(folder)"
        )

    def path(self, key: Key) -> Path:
        """The file of a checkpoint."""
        return self.folder / f"step-{key.step:06}{'-changed' * key.changed}.safetensors"

    def read(self, key: Key, compiled: Compiled) -> Checkpoint:
        """A checkpoint; optimizer and losses are the model's own, but for the learning rate.

        Raises:
            RunError, WeightFileError: it is damaged, or another one.
        """
        with self._naming_the_way_on(key) as path:
            return checkpoint_files.read(path, self.run, key.step, compiled)

    def end_of_log(self) -> Mark:
        """Where the log ended when the newest checkpoint was taken.

        Raises:
            RunError, WeightFileError: it is damaged, or another run's.
        """
        key = self.latest()
        with self._naming_the_way_on(key) as path:
            return checkpoint_files.read_mark(path, self.run, key.step)

    @contextmanager
    def _naming_the_way_on(self, key: Key) -> Iterator[Path]:
        """Say how to do without a checkpoint that cannot be read."""
        path, has_earlier = self.path(key), min(self.keys(), default=key) < key
        way_on = "remove it: the checkpoint before it serves in its place" if has_earlier else LOST
        try:
            yield path
        except FileNotFoundError as error:
            raise self._gone(f"{path}: was removed; ask again for what is still there") from error
        except OSError as error:
            raise RunError(
                f"{path}: cannot be read ({error}); make it readable, or {way_on}"
            ) from error
        except (RunError, WeightFileError) as error:
            error.add_note(way_on)
            raise

    def write(self, checkpoint: Checkpoint, changed: bool = False) -> None:
        """Add a checkpoint, then remove what need not be kept.

        Raises:
            OSError: it cannot be written; those that are there stay.
        """
        self.folder.mkdir(exist_ok=True)
        key = Key(checkpoint.snapshot.iteration, changed)
        checkpoint = checkpoint._replace(callbacks=self.growth.keep(checkpoint.callbacks))
        checkpoint_files.write(self.path(key), self.run, checkpoint)
        steps = [key.step for key in self.keys() if not key.changed]
        for step in superfluous(steps, self.every, self.keep):
            self.path(Key(step)).unlink()

    def forget_changes(self, step: int) -> None:
        """Training goes on from the checkpoint of a step: what was changed later will be again."""
        for key in self.keys():
            if key.changed and key.step > step:
                self.path(key).unlink()


def superfluous(steps: Sequence[int], every: int, keep: int) -> list[int]:
    """Which of some steps' checkpoints need not be kept.

    The first and the last one stay, and between them those on a grid through the first one, whose
    width is `every` times the least power of two that leaves so few. So they lie evenly however
    long the run becomes, and none is missed later: a wider grid is a part of the narrower one.
    """
    first, last = steps[0], steps[-1]
    width = every
    while (last - first - 1) // width > keep - 2:
        width *= 2
    return [step for step in steps[1:-1] if (step - first) % width]


def remove_temporary(folder: Path) -> None:
    """Remove the files that a killed process was writing."""
    for path in folder.iterdir():
        if TEMPORARY.fullmatch(path.name):
            path.unlink()
