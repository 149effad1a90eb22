"""A device for whole trainings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cuda.emulator import EmulatedDevice


@pytest.fixture
def device() -> Iterator[EmulatedDevice]:
    """What backend="cupy" works on until the test is over."""
    # Not at the top: conftest files are read before pytest knows the backend, see tests/switch.py.
    from nnscratch.kernels.cupy.device import on
    from tests.cuda.device_array import transfers
    from tests.cuda.emulator import EmulatedDevice

    emulated = EmulatedDevice(orders=["forward"])
    with on(emulated):
        transfers.clear()
        yield emulated
