"""How much of the gradient each call lets through on its way back."""

from __future__ import annotations

from nnscratch.core.describe import norm
from nnscratch.core.tape import Tape


def attenuation(tape: Tape) -> dict[str, float | None]:
    """For each call, in the order of the graph: norm of dL/dx against norm of dL/dy.

    The factors multiply along a chain of calls: the gradient that reaches the first layer is the
    loss's own times all of them, and a single 0 ends it. Of a call with several inputs it is the
    first one's factor; None where no gradient came to the call at all.
    """
    factors: dict[str, float | None] = {}
    for key, call in tape.items():
        came, (first, *_) = norm(call.output_gradient), call.input_gradients
        factors[key] = norm(first) / came if came and first is not None else None
    return factors
