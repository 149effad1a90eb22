"""Optimizers with the faults of loops that are written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import nnscratch as nn


@dataclass(frozen=True)
class Ascent(nn.SGD):
    """Adds the gradient."""

    def update(self, ctx, params, gradients, slots, iteration):
        updates, slots = super().update(ctx, params, gradients, slots, iteration)
        return -updates, slots


@dataclass(frozen=True)
class Piling(nn.SGD):
    """Never clears the gradient."""

    def init(self, ctx, params):
        return {"sum": ctx.k.zeros_like(params)}

    def update(self, ctx, params, gradients, slots, iteration):
        total = slots["sum"] + gradients
        return -self.learning_rate_at(iteration) * total, {"sum": total}


ASCENT, PILING = Ascent(0.1), Piling(0.1)
