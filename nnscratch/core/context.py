"""What a layer may know of its surroundings while it runs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import NamedTuple

import numpy as np

from nnscratch.backend import Backend
from nnscratch.kernels.ops import Array, Curve, Key, Ops

NO_ROOM: Mapping[str, Array] = MappingProxyType({})


class Context(NamedTuple):
    """Backend, mode and seed of one run. There is no global flag, backend or generator."""

    backend: Backend
    training: bool = False
    exact: bool = False
    """Only algorithms whose zeros are true zeros and whose sums are plain sums."""
    seed: tuple[int, ...] = (0,)
    frozen: bool = False
    """The layer's parameters are not trained: batch normalisation then infers."""
    input_gradients: bool = True
    """False where nobody reads the layer's input gradients: it may return None for them."""
    room: Mapping[str, Array] = NO_ROOM
    """Memory for the gradients of some parameters, by name."""
    activation: Curve | None = None
    """What a layer that says it `applies_activations` is to apply to its output."""

    @property
    def xp(self) -> ModuleType:
        """The array module: numpy, or cupy."""
        return self.backend.xp

    @property
    def k(self) -> Ops:
        """The kernels."""
        return self.backend.k

    def rng(self) -> Key:
        """Key of this call's own random stream, for the counter-based kernels.

        A pure function of the seed tuple, so it is equal on every backend and on replay.
        """
        first, second = np.random.SeedSequence(self.seed).generate_state(2)
        return int(first), int(second)

    def room_for(self, name: str, shape: tuple[int, ...]) -> Array | None:
        """Memory for the gradient of a parameter of the layer's, if there is any of that shape.

        The operation that computes the gradient may be given it as `out`; a layer need not do so.
        """
        room = self.room.get(name)
        return room if room is not None and room.shape == shape else None

    def for_call(
        self,
        key: str,
        *,
        frozen: bool,
        input_gradients: bool,
        room: Mapping[str, Array] = NO_ROOM,
        activation: Curve | None = None,
    ) -> Context:
        """The context of one call: its key joins the seed."""
        seed = (*self.seed, zlib.crc32(key.encode()))
        return Context(
            self.backend, self.training, self.exact, seed, frozen, input_gradients, room, activation
        )
