"""The best constant: what can be answered without a look at the rows, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.head import Head
from nnscratch.doctor.judge import Judge
from nnscratch.doctor.task import Kind, Task
from nnscratch.kernels.ops import Array

SURE = 1e-6
"""Shares of 0 and 1 have no finite logit; these are near enough."""


def best_constant_loss(judge: Judge, task: Task, head: Head) -> float:
    """The least that one answer to all rows can cost; NaN where the loss accepts none.

    It is H(prior) of a cross-entropy and Var(y) of a squared error: the answers that are tried are
    the mean and the median of the targets, and the logits of the mean, each as near as the last
    activation comes to it.

    Args:
        judge: the loss.
        task: of the rows that it is asked about.
        head: what bounds the answers.
    """
    shape = (len(task.target), *judge.shape[1:])
    costs = [
        judge.ask(np.broadcast_to(answer, shape), task.target)
        for answer in candidates(task, judge.shape[-1], head)
    ]
    return min((cost.value for cost in costs if cost.finite), default=float("nan"))


def candidates(task: Task, units: int, head: Head) -> Iterator[Array]:
    """Constants (K,) or (..., K), of which one is the best for any of the usual losses."""
    mean = task.best_constant
    if task.target.dtype.kind == "i":
        mean = np.pad(mean, (0, max(0, units - len(mean))))  # classes that no row is of
    if mean.shape[-1:] not in ((units,), (1,)):
        return
    yield np.clip(mean, head.low, head.high)
    if task.kind is Kind.numbers:
        yield np.clip(np.median(task.target, axis=0), head.low, head.high)
        return
    share = np.clip(mean, SURE, 1 - SURE)
    yield np.clip(np.log(share), head.low, head.high)
    yield np.clip(np.log(share / (1 - share)), head.low, head.high)
