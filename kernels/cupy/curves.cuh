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

// What products do to their results before they write them: a bias, if there is one, and one of the
// functions above by its number, see `finish.py`.
#define FINISH const Real *bias, int function, Real first_number, Real second_number, Real third_number
#define PASS_FINISH bias, function, first_number, second_number, third_number

DEVICE Real finished(Real x, Size channel, FINISH) {
    if (bias) x += bias[channel];
    switch (function) {
        case 1: return relu_of(x, first_number, second_number, third_number);
        case 2: return elu_of(x, first_number);
        case 3: return logistic(x);
        case 4: return tanh(x);
        default: return x;
    }
}
