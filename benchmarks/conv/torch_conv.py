"""The same convolution by PyTorch, in both of its layouts."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.conv.case import Case
from benchmarks.timing import Work

LAYOUTS = ("contiguous", "channels_last")
"""Names of torch's memory formats: NCHW, and NHWC as here."""


def works(torch: ModuleType, case: Case) -> dict[str, Work]:
    """A call for each layout, on arrays that lie in it."""
    return {f"torch {layout}": work(torch, case, layout) for layout in LAYOUTS}


def work(torch: ModuleType, case: Case, layout: str) -> Callable[[], Any]:
    """A call, in float32 and without a tape. It returns NCHW, whatever the layout in memory."""
    x, kernel, dy = tensors(torch, case, layout)
    window = case.layer.window
    strides, pads = list(window.strides), [window.pads[0][0], window.pads[1][0]]
    wanted = [case.name == "input_gradient", case.name == "kernel_gradient", False]

    def forward() -> Any:
        return torch.nn.functional.conv2d(x, kernel, None, strides, pads)

    def gradient() -> Any:
        gradients = torch.ops.aten.convolution_backward(
            dy, x, kernel, None, strides, pads, [1, 1], False, [0, 0], 1, wanted
        )
        return gradients[wanted.index(True)]

    return forward if case.name == "forward" else gradient


def tensors(torch: ModuleType, case: Case, layout: str) -> tuple[Any, Any, Any]:
    """Images, kernel and upstream gradients as tensors of that layout."""
    form = getattr(torch, layout if layout == "channels_last" else "contiguous_format")
    x, kernel, dy = map(torch.from_numpy, case.operands)
    return tuple(
        tensor.permute(order).contiguous(memory_format=form)
        for tensor, order in ((x, (0, 3, 1, 2)), (kernel, (3, 2, 0, 1)), (dy, (0, 3, 1, 2)))
    )
