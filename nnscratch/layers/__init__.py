"""The layers, one file per family; forward and backward stand side by side.

A file lists its layers in `__all__`. One line here, and one in `testing/cases.py`, make them known.
"""

from typing import TYPE_CHECKING

from nnscratch.core.layer import LayerType
from nnscratch.layers.activations import *
from nnscratch.layers.arguments import *
from nnscratch.layers.augmentation import *
from nnscratch.layers.conv import *
from nnscratch.layers.custom import *
from nnscratch.layers.dense import *
from nnscratch.layers.depthwise import *
from nnscratch.layers.distances import *
from nnscratch.layers.dot import *
from nnscratch.layers.dropout import *
from nnscratch.layers.extremes import *
from nnscratch.layers.gated_activations import *
from nnscratch.layers.group_normalization import *
from nnscratch.layers.layer_normalization import *
from nnscratch.layers.merge import *
from nnscratch.layers.noise import *
from nnscratch.layers.normalization import *
from nnscratch.layers.pooling import *
from nnscratch.layers.prelu import *
from nnscratch.layers.rarer_activations import *
from nnscratch.layers.reshaping import *
from nnscratch.layers.resizing import *
from nnscratch.layers.softmax import *
from nnscratch.layers.transposed import *

if not TYPE_CHECKING:  # type checkers follow the lines above, but no list that is computed
    __all__ = sorted(name for name, kind in vars().items() if isinstance(kind, LayerType))
