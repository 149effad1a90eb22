"""The distributions: what is in the wheel, and that it works far from the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parent.parent
SOURCES = ("LICENSE", "README.md", "kernels", "nnscratch", "pyproject.toml", "setup.cfg")


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed, away from this process's own paths."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that building leaves the repository as it is."""
    copy = tmp_path_factory.mktemp("checkout")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignore)
        else:
            shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    """The wheel, built from the source distribution."""
    run(sys.executable, "-m", "build", ".", cwd=checkout)
    (built,) = (checkout / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_all_that_is_in_the_folders_and_nothing_else(
    checkout: Path, wheel: Path
) -> None:
    on_disk = {
        str((Path(folder) / file).relative_to(checkout))
        for folder, _, files in os.walk(checkout / "nnscratch", followlinks=True)
        for file in files
    }
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == on_disk
    assert {"nnscratch/kernels/numpy/conv.py", "nnscratch/datasets/digits.npz"} <= packed


def test_the_wheel_has_one_top_level(wheel: Path) -> None:
    (name,) = [name for name in ZipFile(wheel).namelist() if name.endswith("top_level.txt")]
    assert ZipFile(wheel).read(name).split() == [b"nnscratch"]


def test_a_clone_runs_without_being_installed(checkout: Path) -> None:
    code = "from nnscratch import kernels; print(kernels.__file__)"
    where = Path(run(sys.executable, "-c", code, cwd=checkout))
    assert where.resolve() == (checkout / "kernels" / "__init__.py").resolve()


def test_the_installed_wheel_trains_elsewhere(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    bin_folder = tmp_path / "venv" / "bin"
    run(bin_folder / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    train = """
import nnscratch as nn
(x, y), _ = nn.datasets.digits()
model = nn.Sequential([nn.Flatten(), nn.Dense(10)], seed=0)
model.compile("sgd", nn.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x[:64], y[:64], verbose=0)
print(nn.__file__)
"""
    where = Path(run(bin_folder / "python", "-c", train, cwd=tmp_path))
    assert (tmp_path / "venv").resolve() in where.resolve().parents
    version = wheel.name.split("-")[1]
    assert run(bin_folder / "nnscratch", "--version", cwd=tmp_path).split()[-1] == version
