"""What importing and using the package brings in, each in a new process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("numba", "cupy", "matplotlib", "plotly", "pooch", "rich", "tensorboard", "torch")


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter that starts in the repository, uninstalled or not."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def loaded_after(code: str) -> list[str]:
    """Which of the heavy packages some code imports."""
    result = run(f"{code}\nimport sys; print(*[m for m in {HEAVY} if m in sys.modules])")
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_importing_prints_nothing_and_brings_in_nothing_heavy() -> None:
    result = run("import nnscratch")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert loaded_after("import nnscratch") == []


def test_the_numpy_backend_never_imports_numba() -> None:
    train = """
import numpy as np
import nnscratch as nn
model = nn.Sequential([nn.Input((6, 6, 1)), nn.Conv2D(2, 3), nn.Flatten(), nn.Dense(2)],
                      backend="numpy", seed=0)
model.compile("adam", "mse")
model.fit(np.ones((4, 6, 6, 1), np.float32), np.ones((4, 2), np.float32), verbose=0)
"""
    assert loaded_after(train) == []


def test_the_probe_can_see_an_import() -> None:
    assert loaded_after("import nnscratch as nn; nn.get_backend('numba')") == ["numba"]


def test_the_kernels_refuse_to_be_a_second_copy() -> None:
    result = run("import kernels")
    assert result.returncode == 1
    assert "write `from nnscratch import kernels`" in result.stderr
