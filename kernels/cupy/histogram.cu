// Histograms: entries are counted, as integers, whose sum does not hang on their order.

#include "primitives.cuh"

// The part of [low, high] that an entry lies in; -1 outside, and of NaN.
DEVICE int part_of(double entry, double low, double high, double scale, int bins) {
    if (!(low <= entry && entry <= high)) return -1;
    const double position = (entry - low) * scale;  // NaN where a part is out of double's range
    return position < bins ? (int)position : bins - 1;
}

// Each block counts for itself, then all at once.
KERNEL histogram(const Real* x, double low, double high, double scale, int bins, Size* counts,
                 Size size) {
    SHARED(int, own);
    for (int b = threadIdx.x; b < bins; b += blockDim.x) own[b] = 0;
    __syncthreads();
    FOR_EACH(i, size) {
        const int part = part_of(x[i], low, high, scale, bins);
        if (part >= 0) count_up(own + part, 1);
    }
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += blockDim.x)
        if (own[b]) count_up(counts + b, (Size)own[b]);
}

// For more bins than a block's memory holds.
KERNEL histogram_of_many(const Real* x, double low, double high, double scale, int bins,
                         Size* counts, Size size) {
    FOR_EACH(i, size) {
        const int part = part_of(x[i], low, high, scale, bins);
        if (part >= 0) count_up(counts + part, (Size)1);
    }
}
