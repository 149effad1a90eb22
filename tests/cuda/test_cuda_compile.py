"""Every CUDA file compiles for every kind of GPU, without a warning."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nnscratch.kernels.cupy import sources
from tests.cuda import nvrtc

FILES = [
    pytest.param(source, macros, id=f"{source} {' '.join(macros.values())}")
    for source in sources.names()
    for macros in sources.variants(source)
]


@pytest.mark.parametrize(("source", "macros"), FILES)
def test_a_file_compiles_without_warnings(
    source: str, macros: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    for architecture in sources.architectures(macros):
        said, usage = nvrtc.compiled(source, macros, architecture)
        assert said == ""
        assert {row.kernel for row in usage} == set(sources.kernels(sources.text(source)))
        for row in usage:
            assert row.spilled == 0, row
            record_property(f"{source}:{row.kernel}", (architecture, row.registers, row.spilled))


def test_a_warning_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sources.text("activation") + "\nKERNEL unused() { int nothing; }\n"
    monkeypatch.setattr(sources, "text", lambda source: text)
    said, _ = nvrtc.compiled("activation", {"Real": "float"}, "sm_80")
    assert "nothing" in said


def test_what_does_not_compile_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "text", lambda source: "int missing() { return }")
    with pytest.raises(AssertionError, match="expected an expression"):
        nvrtc.compiled("activation", {}, "sm_80")


def test_only_primitives_know_the_hardware() -> None:
    own = re.compile(r"\b(asm|atomic\w+|__shfl\w*|__ballot\w*|__syncwarp|CUDA_ON_CPU)\b")
    used = {
        path.name: own.findall(path.read_text())
        for path in (*sources.HERE.rglob("*.cu"), *sources.HERE.rglob("*.cuh"))
        if path.name != "primitives.cuh"
    }
    assert not any(used.values()), used
    assert len(used) > 15
