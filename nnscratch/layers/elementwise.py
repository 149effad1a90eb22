"""Elementwise: what layers share that give their output their input's shape."""

from __future__ import annotations

from nnscratch.core.layer import Layer, Shape, Spec
from nnscratch.layers import arguments

FLAT = 1 / 100
"""An activation is saturated where its slope is less than this part of its largest."""


class Elementwise(Layer):
    """Base of layers whose output has their one input's shape."""

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.one_shape(self, in_shapes))
