// Activations of a single number, for all kernels that apply them: to the same bits.

#include "primitives.cuh"

DEVICE Real relu_of(Real x, Real slope, Real ceiling, Real knee) {
    const Real below = slope == 0 ? 0 : slope * (x - knee);  // 0 * -inf would be NaN
    return x >= ceiling ? ceiling : x < knee ? below : x;
}

DEVICE Real elu_of(Real x, Real alpha) { return x > 0 ? x : alpha * expm1(x); }

DEVICE Real logistic(Real x) {
    const Real power = exp(-abs(x));  // of a number that is not positive: no overflow
    return (x >= 0 ? 1 : power) / (1 + power);
}
