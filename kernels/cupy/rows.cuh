// What a warp finds out about a row together.

#include "primitives.cuh"

#define FOR_EACH_CLASS(k, classes) for (int k = lane(); k < classes; k += WARP)

// Its largest number; NaN is passed over.
DEVICE Real row_max(const Real* row, int classes) {
    Real largest = -infinity();
    FOR_EACH_CLASS(k, classes) largest = fmax(largest, row[k]);
    return warp_max(largest);
}

// The sum of `term(k)` over its classes, in double precision.
template <class Term>
DEVICE double row_sum(int classes, Term term) {
    double total = 0;
    FOR_EACH_CLASS(k, classes) total += term(k);
    return warp_sum(total);
}
