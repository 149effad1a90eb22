"""The same convolution by PyTorch, in both of its layouts, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.conv.case import Case
from benchmarks.place import Place
from benchmarks.rivals import COMPILED, begin, form, made, sides
from benchmarks.timing import Work

FIRST = 3
"""Calls of what is compiled: they compile it, record a CUDA graph, and play that."""


def works(torch: ModuleType, case: Case, place: Place) -> dict[str, Work]:
    """A call for each side, on arrays that lie in its layout."""
    names = sides(place.compiles)
    begin(names)
    return {side: work(torch, case, side, place.torch_device) for side in names}


def work(torch: ModuleType, case: Case, side: str, device: str = "cpu") -> Callable[[], Any]:
    """A call, in float32 and without a tape. It returns NCHW, whatever the layout in memory."""
    x, kernel, dy = tensors(torch, case, side, device)
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

    call = made(torch, side, forward if case.name == "forward" else gradient)
    if side in COMPILED:
        for tensor in (x, kernel, dy):
            torch._dynamo.mark_static_address(tensor)  # or each call would copy it first
        for _ in range(FIRST):
            call()
    return call


def tensors(torch: ModuleType, case: Case, side: str, device: str) -> tuple[Any, Any, Any]:
    """Images, kernel and upstream gradients as tensors of that side's layout."""
    x, kernel, dy = map(torch.from_numpy, case.operands)
    return tuple(
        tensor.permute(order).contiguous(memory_format=form(torch, side)).to(device)
        for tensor, order in ((x, (0, 3, 1, 2)), (kernel, (3, 2, 0, 1)), (dy, (0, 3, 1, 2)))
    )
