// Activations, element by element: a thread for each. Comparisons with NaN are false, so that NaN
// reaches the branch that passes it on.

#include "columns.cuh"
#include "curves.cuh"

KERNEL relu(const Real* x, Real slope, Real ceiling, Real knee, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = relu_of(x[i], slope, ceiling, knee); }
}

KERNEL relu_gradient(const Real* dy, const Real* y, Real slope, Real ceiling, Real knee, Real* dx,
                     Size size) {
    FOR_EACH(i, size) {
        const Real below = y[i] <= knee ? slope : y[i];  // NaN is not below
        dx[i] = dy[i] * (y[i] >= ceiling ? 0 : y[i] > knee ? 1 : below);
    }
}

// Alpha repeats along flat x.
KERNEL prelu(const Real* x, const Real* alpha, Size period, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = x[i] > 0 ? x[i] : alpha[split(i, period).rest] * x[i]; }
}

// The sum over samples of what reaches alpha; dx on the way.
KERNEL prelu_gradient(const Real* dy, const Real* x, const Real* alpha, Real* dx, COLUMNS) {
    __shared__ double shared[SHARED_SUMS(1)];
    column_sums<1>(PASS_COLUMNS, shared, [=](Size row, int column, double* sums) {
        const Size i = row * columns + column;
        const Real below = x[i] <= 0 ? dy[i] * alpha[column] : x[i];  // NaN is not below
        dx[i] = x[i] > 0 ? dy[i] : below;
        sums[0] += x[i] > 0 ? 0 : dy[i] * x[i];
    });
}

KERNEL prelu_sums(const double* parts, int slabs, Real* dalpha, Size columns) {
    FOR_EACH(column, columns) { dalpha[column] = slab_sum<1>(parts, slabs, columns, 0, column); }
}

KERNEL elu(const Real* x, Real alpha, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = elu_of(x[i], alpha); }
}

KERNEL elu_gradient(const Real* dy, const Real* y, Real alpha, Real* dx, Size size) {
    FOR_EACH(i, size) { dx[i] = y[i] >= 0 ? dy[i] : dy[i] * (y[i] + alpha); }
}

KERNEL sigmoid(const Real* x, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = logistic(x[i]); }
}

KERNEL sigmoid_gradient(const Real* dy, const Real* y, Real* dx, Size size) {
    FOR_EACH(i, size) { dx[i] = dy[i] * y[i] * (1 - y[i]); }
}

KERNEL tanh_of(const Real* x, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = tanh(x[i]); }
}

KERNEL tanh_gradient(const Real* dy, const Real* y, Real* dx, Size size) {
    FOR_EACH(i, size) { dx[i] = dy[i] * (1 - y[i] * y[i]); }
}

// The normal distribution beyond: not even a double tells it from 0.
constexpr Real FAR = 40;

// x, or where it is farther than FAR from 0 as far: 0 * -inf would be NaN.
DEVICE Real near(Real x) { return x > FAR ? FAR : x < -FAR ? -FAR : x; }

// The share of the standard normal distribution below x, without cancellation.
DEVICE Real normal_below(Real x) { return Real(0.5) * erfc(x * Real(-0.70710678118654752)); }

KERNEL gelu(const Real* x, Real* y, Size size) {
    FOR_EACH(i, size) {
        const Real at = near(x[i]);
        y[i] = (x[i] > at ? x[i] : at) * normal_below(at);
    }
}

KERNEL gelu_gradient(const Real* dy, const Real* x, Real* dx, Size size) {
    FOR_EACH(i, size) {
        const Real at = near(x[i]);
        const Real density = Real(0.39894228040143268) * exp(at * at / -2);
        dx[i] = dy[i] * (normal_below(at) + at * density);
    }
}
