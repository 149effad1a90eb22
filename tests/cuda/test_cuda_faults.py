"""Mistakes in the kernels, several of each class, are seen by the cases that the kernels pass.

Each breaks one place of one file. Should that place no longer be there, the test says so.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from nnscratch.kernels.cases import CASES
from nnscratch.kernels.cupy import sources
from tests.cuda.emulator import EmulatedDevice, KernelError
from tests.cuda.test_cuda_cases import call
from tests.kernels.test_cases import assert_right


class Fault(NamedTuple):
    """A mistake."""

    kind: str
    op: str
    source: str
    right: str
    wrong: str
    said: str
    """What is said of it: a pattern."""


GEMM = "conv/implicit_gemm"
BARRIER = "    __syncthreads();\n"
TANH = "y[i] = tanh(x[i])"
LARGEST = "const Real largest = row_max(row, classes);"
MASK = "if (4 * group + i < count)"
ZERO = "own[b] = 0;\n"
FETCH = "        if (k + DEPTH < last)"
WON = "if (numbers[o] == i * kw + j) total += dy[o];"
CLASSES = "for (int k = lane(); k < classes; k += WARP)"
COLUMN = "    const int column = blockIdx.y * COLUMNS;\n"
PIXEL, ROW = "    const Pixels pixel", "    const Size row"
PHASE = "    const Size first = blockIdx.x / (sh * sw)"
FLUSH = "    for (int b = threadIdx.x; b < bins; b += blockDim.x)\n        if"
KEPT = "kept[at] = words.word[i] >= threshold;"

FAULTS = [
    # index
    Fault("index", "tanh", "activation", TANH, "y[i + 1] = tanh(x[i])", "writes out of bounds"),
    Fault("index", "tanh", "activation", TANH, "y[i] = tanh(x[i + 1])", "reads out of bounds"),
    Fault("index", "tanh", "activation", TANH, "y[i / 2] = tanh(x[i])", "races"),
    Fault("index", "pad", "copies", "h < height", "h <= height", "bounds|Mismatch"),
    Fault("index", "softmax", "softmax", "y[r * classes + k]", "y[r * classes]", "races"),
    Fault("index", "random_bits", "random", MASK, "", "writes out of bounds"),
    Fault("index", "max_pool2d", "pool", "y[o] = best", "y[o + 1] = best", "races|out of bounds"),
    Fault("index", "conv2d", GEMM, "row >= pixels", "row > pixels", "writes out of bounds|races"),
    Fault("index", "conv2d", GEMM, "k + at.k < total", "k < total", "reads out of bounds|Mismatch"),
    Fault(
        "index",
        "conv2d_input_gradient",
        GEMM,
        "inside(p, rows)",
        "inside(p, rows + 1)",
        "bounds|Mismatch",
    ),
    Fault("index", "conv2d_kernel_gradient", GEMM, "pixel < end &&", "", "bounds|Mismatch"),
    Fault("index", "softmax", "softmax", CLASSES, CLASSES.replace("k += WARP", "k = 99"), "nan"),
    Fault(
        "index", "concatenate", "copies", "row.whole * stride", "row.whole * 9", "races|bounds|M"
    ),
    Fault("index", "conv2d", GEMM, COLUMN + PIXEL, f"const int column = 0; {PIXEL}", "races|nan"),
    Fault(
        "index",
        "conv2d_kernel_gradient",
        GEMM,
        COLUMN + ROW,
        f"const int column = 0; {ROW}",
        "races|nan",
    ),
    Fault("index", "conv2d_input_gradient", GEMM, "down.cell + in.row", "in.row", "races|nan"),
    Fault("index", "conv2d_input_gradient", GEMM, "step.j * across.back", "step.j", "Mismatch"),
    Fault("index", "conv2d_input_gradient", GEMM, "step.i * down.between", "step.i", "Mismatch"),
    # missing barrier
    Fault("barrier", "bias_gradient", "linear", BARRIER, "", "nobody has written"),
    Fault("barrier", "statistics", "statistics", BARRIER, "", "nobody has written"),
    Fault(
        "barrier",
        "histogram",
        "histogram",
        f"own[b] = 0;\n{BARRIER}",
        "own[b] = 0;",
        "races|nobody",
    ),
    Fault("barrier", "conv2d", GEMM, BARRIER + FETCH, FETCH, "races|nobody"),
    Fault("barrier", "conv2d", GEMM, f"tile);\n    {BARRIER}", "tile);\n", "races"),
    Fault("barrier", "conv2d_input_gradient", GEMM, BARRIER + PHASE, PHASE, "races|nobody"),
    Fault("barrier", "histogram", "histogram", BARRIER + FLUSH, FLUSH, "races"),
    # order of threads
    Fault("order", "histogram", "histogram", "count_up(own + part, 1)", "++own[part]", "races"),
    Fault("order", "max_pool2d_gradient", "pool", WON, "dx[o] += dy[o];", "races|bounds"),
    # threads that part
    Fault("parting", "softmax", "softmax", LARGEST, f"if (lane()) continue; {LARGEST}", "shuffle"),
    Fault(
        "parting",
        "bias_gradient",
        "linear",
        BARRIER,
        "if (column) return;\n" + BARRIER,
        "has ended",
    ),
    # unwritten results
    Fault("unwritten", "tanh", "activation", TANH, f"if (i) {TANH}", "nan"),
    Fault("unwritten", "dropout", "random", KEPT, f"if (i) {KEPT}", "Mismatch"),
    Fault("unwritten", "average_pool2d", "pool", "y[o] = total", "if (o) y[o] = total", "nan"),
    Fault("unwritten", "histogram", "histogram", "if (own[b])", "if (own[b] > 1)", "Mismatch"),
    Fault("unwritten", "statistics", "statistics", "w < WARPS", "w < WARPS / 2", "Mismatch"),
    # arithmetic
    Fault("arithmetic", "elu_gradient", "activation", "(y[i] + alpha)", "(y[i] + 1)", "Mismatch"),
    Fault("arithmetic", "moments", "norm", "squares - off * off", "squares", "Mismatch"),
    Fault("arithmetic", "statistics", "statistics", "a.count * share", "a.count", "Mismatch"),
    Fault(
        "arithmetic", "softmax", "softmax", "largest = -infinity()", "largest = 0", "nan|Mismatch"
    ),
    Fault("arithmetic", "bias_gradient", "linear", "lanes >= tile", "lanes > tile", "Mismatch"),
    Fault("arithmetic", "relu", "activation", "slope == 0 ? 0 : slope", "slope", "nan|Mismatch"),
    Fault("arithmetic", "relu", "activation", "x < knee ?", "x <= knee ?", "Mismatch"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}: {fault.op}")
def test_a_mistake_is_seen(fault: Fault) -> None:
    text = sources.text(fault.source)
    assert text.count(fault.right) == 1, f"{fault.source}.cu does not say {fault.right!r} once"
    device = EmulatedDevice(files={fault.source: text.replace(fault.right, fault.wrong)})
    with pytest.raises((KernelError, AssertionError), match=f"(?i){fault.said}"):
        run_cases(fault.op, device)


def run_cases(op: str, device: EmulatedDevice) -> None:
    """Compare an operation with the loops."""
    for case in CASES:
        if case.op == op:
            assert_right(call(device, case, case.arguments("float32")), case, "float32")
