// Activations, element by element: a thread for each. Comparisons with NaN are false, so that NaN
// reaches the branch that passes it on.

#include "primitives.cuh"

KERNEL relu(const Real* x, Real slope, Real ceiling, Real knee, Real* y, Size size) {
    FOR_EACH(i, size) {
        const Real below = slope == 0 ? 0 : slope * (x[i] - knee);  // 0 * -inf would be NaN
        y[i] = x[i] >= ceiling ? ceiling : x[i] < knee ? below : x[i];
    }
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
    FOR_EACH(i, size) { y[i] = x[i] > 0 ? x[i] : alpha[i % period] * x[i]; }
}

// What reaches alpha is left for a sum over each of its elements.
KERNEL prelu_gradient(const Real* dy, const Real* x, const Real* alpha, Size period, Real* dx,
                      Real* shares, Size size) {
    FOR_EACH(i, size) {
        const Real below = x[i] <= 0 ? dy[i] * alpha[i % period] : x[i];  // NaN is not below
        dx[i] = x[i] > 0 ? dy[i] : below;
        shares[i] = x[i] > 0 ? 0 : dy[i] * x[i];
    }
}

KERNEL elu(const Real* x, Real alpha, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = x[i] > 0 ? x[i] : alpha * expm1(x[i]); }
}

KERNEL elu_gradient(const Real* dy, const Real* y, Real alpha, Real* dx, Size size) {
    FOR_EACH(i, size) { dx[i] = y[i] >= 0 ? dy[i] : dy[i] * (y[i] + alpha); }
}

DEVICE Real logistic(Real x) {
    const Real power = exp(-abs(x));  // of a number that is not positive: no overflow
    return (x >= 0 ? 1 : power) / (1 + power);
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
