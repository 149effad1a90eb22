"""Softmax, and the functions of rows that losses share with it."""

from __future__ import annotations

from typing import Any

from .. import kernel
from ..ops import Array
from . import memory
from .jit import compiled
from .launch import rowwise
from .vectormath import exp


@compiled("reassoc")
def dot(a: Array, b: Array) -> float:
    """Sum of products of two rows, in float64."""
    total = 0.0
    for k in range(a.size):
        total += a[k] * b[k]
    return total


@compiled("reassoc")
def row_sum(row: Array) -> float:
    """Sum of a row, in float64."""
    total = 0.0
    for k in range(row.size):
        total += row[k]
    return total


@compiled()
def row_max(row: Array) -> Any:
    """Largest number of a row."""
    largest = row[0]
    for k in range(1, row.size):
        largest = row[k] if row[k] > largest else largest
    return largest


@compiled()
def powers(x: Array, y: Array) -> None:
    """exp(x - max) of each row: the largest power is 1. A NaN in x is one in y."""
    for r in range(len(x)):
        largest = row_max(x[r])
        for k in range(x.shape[1]):
            y[r, k] = x[r, k] - largest
    every = y.reshape(y.size)  # one loop over all rows: a row may be shorter than a vector
    for i in range(every.size):
        every[i] = exp(every[i])


@compiled()
def _softmax(x: Array, y: Array) -> None:
    powers(x, y)
    for r in range(len(y)):
        total = row_sum(y[r])
        for k in range(y.shape[1]):
            y[r, k] /= total


@kernel("softmax", backend="numba")
def softmax(x: Array) -> Array:
    """Row by row of the last axis."""
    y = memory.empty((x.size // x.shape[-1], x.shape[-1]), x.dtype)  # (R, K)
    rowwise(_softmax, [x.reshape(y.shape)], [y])
    return y.reshape(x.shape)


@compiled()
def _softmax_gradient(dy: Array, y: Array, dx: Array) -> None:
    for r in range(len(dx)):
        mean = type(dx[r, 0])(dot(dy[r], y[r]))
        for k in range(dx.shape[1]):
            dx[r, k] = y[r, k] * (dy[r, k] - mean)


@kernel("softmax_gradient", backend="numba")
def softmax_gradient(dy: Array, y: Array) -> Array:
    """Each row of dy is centred by its mean under the probabilities y."""
    dx = memory.empty((y.size // y.shape[-1], y.shape[-1]), y.dtype)  # (R, K)
    rowwise(_softmax_gradient, [dy.reshape(dx.shape), y.reshape(dx.shape)], [dx])
    return dx.reshape(y.shape)
