"""Winograd's minimal filtering: which linear maps turn a convolution into products of numbers.

F(m, r) computes m outputs of a filter of r taps with m + r - 1 multiplications instead of m r
(Winograd, "Arithmetic Complexity of Computations", 1980; for convolutions: Lavin and Gray, "Fast
Algorithms for Convolutional Neural Networks", 2016). A filter is a product of polynomials, which
is known by its values at m + r - 1 points: evaluate both factors there (G, and the transpose of A),
multiply, and go back (B). With the points 0, 1, -1, 2, -2 and infinity for r = 3 and m = 4, without
2 and -2 for m = 2,

    y = A^T ((G g) * (B^T d))            for m + 2 inputs d and a filter g of 3,

and for squares, rows first and then columns,

    Y = A^T ((G K G^T) * (B^T D B)) A.

The gradient of the kernel is the same sum read backwards, with the same three matrices:

    dK = G^T ((B^T D B) * (A dY A^T)) G.

Products are taken of numbers that are sums and multiples of up to 8: what is exact, or exactly 0,
in a plain sum is so here up to rounding only.
"""

from __future__ import annotations

from ..microkernel.transform import Matrix, transform

INPUT: dict[int, Matrix] = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
"""B^T, by m."""

KERNEL: dict[int, Matrix] = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
}
"""G, by m."""

OUTPUT: dict[int, Matrix] = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}
"""A^T, by m."""


def transposed(matrix: Matrix) -> Matrix:
    """Rows as columns."""
    return tuple(zip(*matrix, strict=True))


input_2, input_4 = (transform(f"input_{m}", INPUT[m]) for m in (2, 4))
kernel_2, kernel_4 = (transform(f"kernel_{m}", KERNEL[m]) for m in (2, 4))
output_2, output_4 = (transform(f"output_{m}", OUTPUT[m]) for m in (2, 4))
upstream_2, upstream_4 = (transform(f"upstream_{m}", transposed(OUTPUT[m])) for m in (2, 4))
gradient_2, gradient_4 = (transform(f"gradient_{m}", transposed(KERNEL[m])) for m in (2, 4))
