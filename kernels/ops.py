"""What every backend provides: one declaration per operation, and the meaning of its numbers.

Conventions that hold for all of them:

* Images are NHWC, convolution kernels (kh, kw, in/groups, out), dense kernels (in, out).
* Operations are pure: arguments are never written to, results never share memory with them. But
  `out`, contiguous memory of the result's shape and dtype, is there to be filled, and is then the
  result.
* All floating arrays of a call have one dtype, float32 or float64, and so have the results.
  Python scalars, and expressions of them alone such as 1 - rho, are computed in float64 and then
  rounded to that dtype once.
* Arguments may be non-contiguous or read-only. Shapes are right: layers have checked them.
* NaN propagates. ReLU'(0) = 0, sign(0) = 0, ELU'(0) = 1, ties go to the first in row-major order.
* The same arguments give the same bits, at any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

from numpy.typing import NDArray

from .geometry import Pair, Window

Array: TypeAlias = NDArray[Any]
Key: TypeAlias = tuple[int, int]
"""Two unsigned 32-bit words that name one stream of Philox4x32-10."""

STATISTICS = ("mean", "std", "min", "max", "norm", "zeros", "saturated", "nan", "inf")
"""The columns of `Ops.statistics`."""


class Curve(NamedTuple):
    """A function of single numbers that a product may apply to its results."""

    op: str
    """The operation that applies it to an array: relu, elu, sigmoid or tanh."""
    arguments: tuple[float, ...] = ()
    """Those of the operation, after x."""


def into(out: Array | None, result: Array) -> Array:
    """The result, in the memory that was given for it, if any was."""
    if out is None:
        return result
    out[...] = result
    return out


class Ops(Protocol):
    """The operations, as `ctx.k` offers them to layers, losses and optimizers."""

    # -- convolution (conv.py) --------------------------------------------------------------

    def conv2d(
        self,
        x: Array,
        kernel: Array,
        window: Window,
        groups: int,
        exact: bool = True,
        bias: Array | None = None,
        activation: Curve | None = None,
    ) -> Array:
        """Cross-correlation: y[n,p,q,o] = sum_{i,j,c} x[n, p*sh + i*dh - top, ..., c] k[i,j,c,o].

        x (N, H, W, C), kernel (kh, kw, C/groups, O) -> y (N, OH, OW, O). Cells outside the image
        are 0; whether these zeros are multiplied is the algorithm's affair. So where a factor of
        theirs is NaN or infinite, which is of the kernel, or of dy in the kernel's gradient, a sum
        is NaN or that of its products inside the image.

        Output channel o belongs to group o // (O/groups). Where they are given, the bias
        (O,) is added to each pixel's sums, and the activation applied to what comes of that: to
        the bits of the activation's own operation.

        exact: sums are plain sums, so that what only zeros contribute to is exactly 0. Otherwise
            float32 sums may be taken by any algorithm whose error is at most 5e-5 of the largest
            output, and a NaN or an infinity may reach outputs beside those that read it. So for
            both gradients.
        """

    def conv2d_input_gradient(
        self,
        dy: Array,
        kernel: Array,
        window: Window,
        groups: int,
        image: Pair,
        exact: bool = True,
    ) -> Array:
        """dL/dx (N, *image, C) from dy (N, OH, OW, O)."""

    def conv2d_kernel_gradient(
        self,
        x: Array,
        dy: Array,
        window: Window,
        groups: int,
        exact: bool = True,
        out: Array | None = None,
    ) -> Array:
        """dL/dkernel (*window.size, C/groups, O) from x (N, H, W, C) and dy (N, OH, OW, O)."""

    # -- dense (linear.py) ------------------------------------------------------------------

    def matmul(
        self,
        a: Array,
        b: Array,
        bias: Array | None = None,
        activation: Curve | None = None,
        out: Array | None = None,
    ) -> Array:
        """(M, K) @ (K, N) -> (M, N), then bias (N,) and activation as in `conv2d`."""

    def bias_gradient(self, dy: Array) -> Array:
        """Sum of dy (..., C) over all axes but the last -> (C,)."""

    # -- pooling (pool.py); every window holds a real cell, one inside the image ---------------

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """Largest real cell of each window: y (N, OH, OW, C) and its place.

        The place, `window.places` of y's shape, is the row-major number i * kw + j of the cell in
        its window. Padding never wins. The first NaN wins over everything.
        """

    def max_pool2d_gradient(self, dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
        """Each dy goes to the cell that won, adding up where windows overlap."""

    def average_pool2d(self, x: Array, window: Window) -> Array:
        """Mean over the *real* cells of each window (padding is not counted)."""

    def average_pool2d_gradient(self, dy: Array, window: Window, image: Pair) -> Array:
        """Each dy is shared equally by the real cells of its window."""

    # -- batch normalisation (norm.py); x is viewed as (A, C, B), C the normalised axis -------

    def moments(self, x: Array) -> tuple[Array, Array]:
        """Mean and biased variance of x (A, C, B) over A and B -> (C,), (C,).

        Two passes: the variance is the mean of squared deviations from the mean.
        """

    def batch_norm(
        self, x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float
    ) -> Array:
        """(x - mean) / sqrt(variance + epsilon) * gamma + beta for x (A, C, B), others (C,)."""

    def batch_norm_gradient(
        self, dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
    ) -> tuple[Array, Array, Array]:
        """(dx, dgamma, dbeta) where mean and variance are x's own: they too depend on x."""

    def batch_norm_inference_gradient(
        self, dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
    ) -> tuple[Array, Array, Array]:
        """(dx, dgamma, dbeta) where mean and variance are constants."""

    # -- activations (activation.py); any shape unless said --------------------------------------

    def relu(self, x: Array, negative_slope: float, max_value: float, threshold: float) -> Array:
        """Keras's ReLU.

        max_value where x >= max_value; x where threshold <= x < max_value;
        negative_slope * (x - threshold) below, where a slope of 0 gives 0 even for -inf.
        max_value may be inf.
        """

    def relu_gradient(
        self, dy: Array, y: Array, negative_slope: float, max_value: float, threshold: float
    ) -> Array:
        """dy times 0 (y >= max_value), 1 (y > threshold) or negative_slope (y <= threshold).

        NaN where y is NaN. The result y tells what x would: negative_slope and threshold are 0 or
        more, max_value is not below the threshold.
        """

    def prelu(self, x: Array, alpha: Array) -> Array:
        """X where x > 0, else alpha * x; x (N, ...) and alpha broadcastable to x.shape[1:]."""

    def prelu_gradient(self, dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
        """(dx, dalpha): dx is dy where x > 0, alpha dy where x <= 0, NaN where x is NaN.

        dalpha is dy * min(x, 0) summed to alpha's shape.
        """

    def elu(self, x: Array, alpha: float) -> Array:
        """X where x > 0, else alpha * (exp(x) - 1)."""

    def elu_gradient(self, dy: Array, y: Array, alpha: float) -> Array:
        """dy where y >= 0, else dy * (y + alpha). alpha is more than 0."""

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + exp(-x)), without overflow."""

    def sigmoid_gradient(self, dy: Array, y: Array) -> Array:
        """dy * y * (1 - y)."""

    def tanh(self, x: Array) -> Array:
        """Hyperbolic tangent."""

    def tanh_gradient(self, dy: Array, y: Array) -> Array:
        """dy * (1 - y * y)."""

    def gelu(self, x: Array) -> Array:
        """X times P(x), the share of the standard normal distribution below x; 0 for -inf."""

    def gelu_gradient(self, dy: Array, x: Array) -> Array:
        """dy * (P(x) + x p(x)), p the density: 0 for -inf, dy for inf."""

    def softmax(self, x: Array) -> Array:
        """exp(x - max) / sum over the last axis."""

    def softmax_gradient(self, dy: Array, y: Array) -> Array:
        """Y * (dy - sum(dy * y)) over the last axis."""

    # -- sums (sums.py) -------------------------------------------------------------------------

    def zeros_like(self, x: Array) -> Array:
        """Zeros of x's shape and dtype: a sum's beginning."""

    def add(self, a: Array, b: Array) -> Array:
        """a + b, element by element; both of one shape and dtype."""

    # -- copies (copies.py) ---------------------------------------------------------------------

    def pad(self, x: Array, pads: tuple[Pair, Pair]) -> Array:
        """Images x (N, H, W, C) with zeros around: pads are ((top, bottom), (left, right))."""

    def concatenate(self, axis: int, *xs: Array) -> Array:
        """Arrays of one dtype after another along an axis; all other axes are equally long."""

    # -- dropout (random.py) --------------------------------------------------------------------

    def random_bits(self, key: Key, count: int) -> Array:
        """Words 0 .. count-1 of the stream `key`, as uint32.

        Word i is word i % 4 of Philox4x32-10 with counter (i // 4, 0, 0, 0) and that key.
        """

    def dropout(self, x: Array, key: Key, rate: float) -> tuple[Array, Array]:
        """(y, kept): x / (1 - rate) where kept, else 0; kept is bool, 0 <= rate < 1.

        Element i (row-major) is kept where random_bits(key)[i] >= floor(rate * 2**32).
        """

    def dropout_gradient(self, dy: Array, kept: Array, rate: float) -> Array:
        """dy / (1 - rate) where kept, else 0."""

    # -- losses (loss.py): each value and its derivative by the first argument ---------------------

    def squared_error(self, y: Array, target: Array) -> tuple[Array, Array]:
        """(y - target)**2 and 2 (y - target), element by element."""

    def absolute_error(self, y: Array, target: Array) -> tuple[Array, Array]:
        """|y - target| and sign(y - target), element by element."""

    def binary_cross_entropy(self, p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
        """-t log p - (1-t) log(1-p), element by element, p clipped to [epsilon, 1-epsilon].

        The derivative is exactly 0 where p lies outside that interval: the clip is flat there.
        """

    def categorical_cross_entropy(
        self, p: Array, target: Array, epsilon: float
    ) -> tuple[Array, Array]:
        """-sum_k t log q of each row, (R, K) -> (R,) and (R, K).

        q is p divided by the row's sum, then clipped to [epsilon, 1-epsilon]; the derivative is
        that of all three steps, so log q contributes exactly 0 where the clip is active.
        """

    def sigmoid_cross_entropy(self, logits: Array, target: Array) -> tuple[Array, Array]:
        """max(z, 0) - z t + log(1 + exp(-|z|)) and sigmoid(z) - t, element by element."""

    def softmax_cross_entropy(self, logits: Array, target: Array) -> tuple[Array, Array]:
        """-sum_k t log softmax(z) of each row and softmax(z) sum(t) - t; (R, K) -> (R,), (R, K)."""

    # -- optimizers (optimizer.py): flat arrays; the update is what is added to the parameters,
    # and where those are given, their sum takes its place, to the same bits ------------------

    def sgd(self, gradient: Array, learning_rate: float, params: Array | None = None) -> Array:
        """-learning_rate * g."""

    def momentum(
        self,
        gradient: Array,
        velocity: Array,
        learning_rate: float,
        momentum: float,
        nesterov: bool,
        params: Array | None = None,
    ) -> tuple[Array, Array]:
        """(update, v): v = momentum v - lr g; the update is v, or momentum v - lr g (Nesterov)."""

    def rmsprop(
        self,
        gradient: Array,
        mean_square: Array,
        learning_rate: float,
        rho: float,
        epsilon: float,
        params: Array | None = None,
    ) -> tuple[Array, Array]:
        """(update, s): s = rho s + (1 - rho) g^2; -lr g / sqrt(s + epsilon)."""

    def adagrad(
        self,
        gradient: Array,
        accumulator: Array,
        learning_rate: float,
        epsilon: float,
        params: Array | None = None,
    ) -> tuple[Array, Array]:
        """(update, a): a = a + g^2; -lr g / sqrt(a + epsilon)."""

    def adam(
        self,
        gradient: Array,
        first_moment: Array,
        second_moment: Array,
        step_size: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        params: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """(update, m, v): m += (g - m)(1 - beta_1); v += (g^2 - v)(1 - beta_2).

        The update is -(m * step_size) / (sqrt(v) + epsilon); the caller's step_size holds the
        bias correction.
        """

    # -- statistics (statistics.py): arrays of any shape, read as flat ones --------------------

    def statistics(self, x: Array, bounds: Array, low: float, high: float) -> Array:
        """What x holds, segment by segment: float64 (S, 9), with the columns of STATISTICS.

        Segment s goes from bounds[s, 0] up to bounds[s, 1]; bounds int64 (S, 2). Sums are taken in
        float64, and std is the root of the mean squared deviation from the mean. The last four
        columns count entries: exactly 0; x <= low or x >= high; NaN; infinite. No entry is
        saturated where low and high are NaN.

        A NaN makes the first five columns NaN. Infinities make std NaN, norm infinite and mean
        their sum. Of no entries at all mean, std, min and max are NaN, norm is 0.
        """

    def histogram(self, x: Array, low: float, high: float, bins: int) -> Array:
        """How many entries lie in each of equal parts of [low, high], low < high: int64 (bins,).

        An entry belongs to part floor((x - low) * (bins / (high - low))), computed in float64, or
        to the last where that is past it. NaN and what lies outside are not counted.
        """


OPS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: f for name, f in vars(Ops).items() if callable(f) and not name.startswith("_")}
)
