"""Elementwise: what layers share that give their output their input's shape."""

from __future__ import annotations

import math

from nnscratch.core.layer import Layer, Shape, Spec
from nnscratch.layers import arguments

FLAT = 1 / 100
"""An activation is saturated where its slope is less than this part of its largest."""

LOGISTIC = (0.5 - math.sqrt(1 - FLAT) / 2, 0.5 + math.sqrt(1 - FLAT) / 2)
"""Between these roots y (1 - y) is more than FLAT / 4, and a quarter is its largest value."""


class Elementwise(Layer):
    """Base of layers whose output has their one input's shape."""

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.one_shape(self, in_shapes))
