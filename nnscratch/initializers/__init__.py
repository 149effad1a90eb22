"""First values of weights. Names, defaults and arithmetic are Keras 3's.

An initializer is called with a shape and a NumPy generator, and returns a new float64 array;
whoever stores the weight rounds it to the model's dtype. Random ones take a `seed`: with it they
ignore the generator, and give the same numbers at every call.

Keras has no unit matrix for convolution kernels (its `Identity` takes matrices only). There are
three things that the words can mean, and each has its own name here:

* `Dirac`: the centre tap of each filter copies one channel, so the layer passes its input on;
* `UnitMatrix`: the unit matrix lies in the window, the same in every filter and channel;
* `Ones`: every tap is 1.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.errors import look_up
from nnscratch.initializers.base import Fixed, Initializer, Random
from nnscratch.initializers.fixed import Array, Constant, Dirac, Identity, Ones, UnitMatrix, Zeros
from nnscratch.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    fans,
)

__all__ = [
    "Array",
    "Constant",
    "Dirac",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identifier",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "UnitMatrix",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
]

Identifier: TypeAlias = Initializer | str | NDArray[Any]
"""What names an initializer in a layer's arguments."""

NAMES: dict[str, type[Fixed] | type[Random]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "dirac": Dirac,
    "unit_matrix": UnitMatrix,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "random_uniform": RandomUniform,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
}
CLASS_NAMES = {kind.__name__: name for name, kind in NAMES.items()}


def get(identifier: Identifier) -> Initializer:
    """The initializer that is meant: itself, the one of that name, or one that gives that array.

    Names are those of the classes, or the same in snake case: "HeNormal", "he_normal".

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name, an array nor callable, or is a class.
    """
    if isinstance(identifier, str):
        return look_up("initializer", CLASS_NAMES.get(identifier, identifier), NAMES)()
    if isinstance(identifier, np.ndarray):
        return Array(identifier)
    if isinstance(identifier, type) or not callable(identifier):
        raise TypeError(
            "initializer: expected a name, an array or an instance such as HeNormal(), "
            f"got {identifier!r}"
        )
    return identifier
