// Sums.

#include "primitives.cuh"

KERNEL add(const Real* a, const Real* b, Real* y, Size size) {
    FOR_EACH(i, size) { y[i] = a[i] + b[i]; }
}
