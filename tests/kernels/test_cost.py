from __future__ import annotations

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES, convolution
from nnscratch.kernels.cost import FROM_SHAPES, PER_ELEMENT, flop, traffic
from nnscratch.kernels.naive.conv import products
from nnscratch.kernels.ops import OPS


def test_every_operation_has_one_cost() -> None:
    assert not set(PER_ELEMENT) & set(FROM_SHAPES)
    assert set(PER_ELEMENT) | set(FROM_SHAPES) == set(OPS)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_costs_a_product_and_a_sum_each(groups: int) -> None:
    cases = {c.op: c for c in convolution((2, 6, 5, 4), (3, 2), 6, strides=(2, 1), groups=groups)}
    x, kernel, window, _ = cases["conv2d"].arguments("float32")
    count = sum(1 for _ in products(x.shape, kernel.shape, window, groups))
    for op, case in cases.items():
        assert flop(op, case.arguments("float32")) == 2 * count, op


def test_a_matrix_product_costs_a_product_and_a_sum_each() -> None:
    assert flop("matmul", (np.ones((2, 3)), np.ones((3, 5)))) == 2 * 2 * 3 * 5


def test_every_case_but_of_integers_and_copies_costs_something() -> None:
    free = {"random_bits", "pad", "concatenate", "zeros_like"}
    for case in CASES:
        assert (flop(case.op, case.arguments("float32")) > 0) == (case.op not in free), case


def test_traffic_counts_each_array_once() -> None:
    case = next(case for case in CASES if case.op == "adam")
    for dtype, size in (("float32", 4), ("float64", 8)):
        arguments = case.arguments(dtype)
        results = resolve("numpy").ops.adam(*arguments)
        assert traffic(arguments, results) == 6 * size * arguments[0].size
    assert traffic((np.ones(3, np.float32), 2), np.ones(1)) == 3 * 4 + 8
