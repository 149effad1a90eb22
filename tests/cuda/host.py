"""The emulated device's operations for NumPy arrays: what other backends' tests can call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from nnscratch.kernels import resolve
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.ops import Ops
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice


class HostOps:
    """Arguments go to the device, and results come back."""

    def __init__(self) -> None:
        self.device = EmulatedDevice(orders=["forward"])

    def __getattr__(self, op: str) -> Callable[..., Any]:
        function = getattr(resolve("cupy"), op)

        def call(*arguments: Any) -> Any:
            with on(self.device):
                result = function(*(there(argument) for argument in arguments))
            return tuple(map(back, result)) if isinstance(result, tuple) else back(result)

        return call


def there(argument: Any) -> Any:
    """An array on the device, in its layout."""
    return DeviceArray(argument.view()) if isinstance(argument, np.ndarray) else argument


def back(result: DeviceArray) -> Any:
    """The NumPy array in one."""
    return result.host


def host_ops() -> Ops:
    """As `resolve(...).ops`."""
    return cast(Ops, HostOps())
