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
    ("index", "pad", "copies", "h >= 0 && h < height", "h >= 0 && h <= height", "bounds|Mism"),
    ("index", "softmax", "softmax", "y[r * classes + k]", "y[r * classes]", "races"),
    ("index", "random_bits", "random", "(4 * group + i < count)", "(true)", "out of bounds"),
    (
        "index",
        "average_pool2d",
        "pool",
        "|| !inside(w, width)) continue;\n                total += x",
        ") continue;\n                total += x",
        "bounds|Mismatch",
    ),
    (
        "barrier",
        "bias_gradient",
        "linear",
        "    __syncthreads();\n    if (thread < tile",
        "    if (thread < tile",
        "nobody has written",
    ),
    (
        "barrier",
        "histogram",
        "histogram",
        "own[b] = 0;\n    __syncthreads();",
        "own[b] = 0;",
        "nobody has written|races",
    ),
    ("barrier", "statistics", "statistics", "    __syncthreads();\n", "", "nobody has written"),
    ("order", "histogram", "histogram", "count_up(own + part, 1)", "++own[part]", "races"),
    (
        "order",
        "max_pool2d_gradient",
        "pool",
        "if (numbers[o] == i * kw + j) total += dy[o];",
        "dx[(o + cell) / 2] += dy[o];",
        "races|bounds",
    ),
    (
        "divergence",
        "softmax",
        "softmax",
        "const Real largest = row_max(row, classes);",
        "const Real largest = lane() < classes ? row_max(row, classes) : 0;",
        "shuffle of line",
    ),
    (
        "divergence",
        "bias_gradient",
        "linear",
        "    __syncthreads();\n    if (thread < tile",
        "    if (column >= columns) return;\n    __syncthreads();\n    if (thread < tile",
        "has ended",
    ),
    (
        "unwritten",
        "dropout",
        "random",
        "kept[at] = words.word[i] >= threshold;",
        "if (words.word[i] >= threshold) kept[at] = 1;",
        "Mismatch|invalid",
    ),
    ("arithmetic", "moments", "norm", "squares - off * off", "squares", "Mismatch"),
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
