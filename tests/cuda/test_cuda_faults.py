"""Mistakes in the kernels, one of each class, are seen by the cases that the kernels pass.

Each line breaks one place of one file. Should that place no longer be there, the test says so.
"""

from __future__ import annotations

import pytest

from nnscratch.kernels.cases import CASES
from nnscratch.kernels.cupy import sources
from tests.cuda.emulator import EmulatedDevice, KernelError
from tests.cuda.test_cuda_cases import call
from tests.kernels.test_cases import assert_right

FAULTS = [
    # class, operation, file, what stands there, what to put there, what is said of it
    ("index", "tanh", "activation", "y[i] = tanh(x[i])", "y[i + 1] = tanh(x[i])", "out of bounds"),
    ("index", "tanh", "activation", "y[i] = tanh(x[i])", "y[i] = tanh(x[i + 1])", "out of bounds"),
    ("index", "tanh", "activation", "y[i] = tanh(x[i])", "y[i / 2] = tanh(x[i])", "races"),
    ("unwritten", "tanh", "activation", "y[i] = tanh(x[i])", "if (i) y[i] = tanh(x[i])", "nan"),
    ("arithmetic", "elu_gradient", "activation", "(y[i] + alpha)", "(y[i] + 1)", "Mismatch"),
]


@pytest.mark.parametrize(
    ("op", "source", "right", "wrong", "said"),
    [pytest.param(*rest, id=f"{kind}: {rest[0]}: {rest[3]}") for kind, *rest in FAULTS],
)
def test_a_mistake_is_seen(op: str, source: str, right: str, wrong: str, said: str) -> None:
    text = sources.text(source)
    assert text.count(right) == 1, f"{source}.cu does not say {right!r} once"
    device = EmulatedDevice(files={source: text.replace(right, wrong, 1)})
    with pytest.raises((KernelError, AssertionError), match=f"(?i){said}"):
        run_cases(op, device)


def run_cases(op: str, device: EmulatedDevice) -> None:
    """Compare an operation with the loops."""
    for case in CASES:
        if case.op == op:
            assert_right(call(device, case, case.arguments("float32")), case, "float32")
