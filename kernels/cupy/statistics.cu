// Statistics of segments of an array, in one pass over memory.
//
// A block goes over a slab of one segment. Each thread sums up the deviations of its entries from
// the first of them, and their squares; what threads have found is merged in the warp, from warp to
// warp and, by `settle`, from slab to slab (Chan, Golub and LeVeque, "Updating formulae and a
// pairwise algorithm for computing sample variances", 1979): with the squared deviations M from the
// mean m of n entries,
//
//     d = m_b - m_a        m = m_a + d n_b / n        M = M_a + M_b + d^2 n_a n_b / n
//
// Nothing cancels there. Nor does it in the norm, whose square is the sum of squares M + n m^2.

#include "primitives.cuh"

constexpr int WARPS = 8;  // of a block
constexpr int COLUMNS = 9;

struct Summary {
    double count, mean, squares, low, high, zeros, saturated, nans, infs;
};

DEVICE Summary of_nothing() { return {0, 0, 0, infinity(), -infinity(), 0, 0, 0, 0}; }

DEVICE Summary merged(const Summary& a, const Summary& b) {
    Summary all = {a.count + b.count, a.mean, a.squares, fmin(a.low, b.low), fmax(a.high, b.high),
                   a.zeros + b.zeros, a.saturated + b.saturated, a.nans + b.nans, a.infs + b.infs};
    if (b.count > 0) {
        const double share = b.count / all.count, distance = b.mean - a.mean;
        all.mean += distance * share;
        all.squares += b.squares + distance * (distance * a.count * share);
    }
    return all;
}

DEVICE Summary merged_in_warp(Summary summary) {
    for (int lanes = 1; lanes < WARP; lanes *= 2) {
        const Summary other = {
            from_lane(summary.count, lanes),     from_lane(summary.mean, lanes),
            from_lane(summary.squares, lanes),   from_lane(summary.low, lanes),
            from_lane(summary.high, lanes),      from_lane(summary.zeros, lanes),
            from_lane(summary.saturated, lanes), from_lane(summary.nans, lanes),
            from_lane(summary.infs, lanes),
        };
        summary = merged(summary, other);
    }
    return summary;
}

DEVICE void store(const Summary& summary, double* row) {
    const double numbers[COLUMNS] = {
        summary.count, summary.mean,      summary.squares, summary.low, summary.high,
        summary.zeros, summary.saturated, summary.nans,    summary.infs,
    };
    for (int column = 0; column < COLUMNS; ++column) row[column] = numbers[column];
}

DEVICE Summary load(const double* row) {
    return {row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8]};
}

// What one thread's entries come to.
DEVICE Summary summary_of(const Real* x, Size first, Size stop, Real low, Real high) {
    Summary s = of_nothing();
    if (first >= stop) return s;
    const double start = x[first];
    double sum = 0, squares = 0;
    for (Size i = first; i < stop; i += blockDim.x) {
        const Real entry = x[i];
        const double deviation = entry - start;
        sum += deviation;
        squares += deviation * deviation;
        s.count += 1;
        s.low = fmin(s.low, (double)entry);  // NaN is passed over
        s.high = fmax(s.high, (double)entry);
        s.zeros += entry == 0;
        s.saturated += entry <= low || entry >= high;
        s.nans += isnan(entry) ? 1 : 0;
        s.infs += isinf(entry) ? 1 : 0;
    }
    s.mean = start + sum / s.count;
    const double left = squares - sum * (sum / s.count);
    s.squares = left < 0 ? 0 : left;
    return s;
}

// Slab blockIdx.y of segment blockIdx.x: parts (segments, slabs, COLUMNS).
KERNEL measure(const Real* x, const Size* bounds, Real low, Real high, double* parts) {
    __shared__ double shared[WARPS * COLUMNS];
    const Size begin = bounds[2 * blockIdx.x], end = bounds[2 * blockIdx.x + 1];
    const Size slab = (end - begin + gridDim.y - 1) / gridDim.y;
    const Size first = begin + blockIdx.y * slab, stop = min(first + slab, end);
    const Summary own = summary_of(x, first + threadIdx.x, stop, low, high);
    const Summary warp = merged_in_warp(own);
    if (lane() == 0) store(warp, shared + threadIdx.x / WARP * COLUMNS);
    __syncthreads();
    if (threadIdx.x == 0) {
        Summary all = of_nothing();
        for (int w = 0; w < WARPS; ++w) all = merged(all, load(shared + w * COLUMNS));
        store(all, parts + (blockIdx.x * (Size)gridDim.y + blockIdx.y) * COLUMNS);
    }
}

// A segment's slabs in order, and what they come to: mean, std, min, max, norm, then the counts.
KERNEL settle(const double* parts, int slabs, double* rows, Size segments) {
    FOR_EACH(s, segments) {
        Summary all = of_nothing();
        for (int slab = 0; slab < slabs; ++slab)
            all = merged(all, load(parts + (s * slabs + slab) * COLUMNS));
        const bool none = all.count == 0, nan = all.nans > 0 || none, inf = all.infs > 0;
        const double unknown = not_a_number();
        double* row = rows + s * COLUMNS;
        row[0] = nan ? unknown : inf ? all.low + all.high : all.mean;
        row[1] = nan || inf ? unknown : sqrt(all.squares / all.count);
        row[2] = nan ? unknown : all.low;
        row[3] = nan ? unknown : all.high;
        const double norm = sqrt(all.squares + all.count * all.mean * all.mean);
        row[4] = none ? 0 : nan ? unknown : inf ? infinity() : norm;
        row[5] = all.zeros;
        row[6] = all.saturated;
        row[7] = all.nans;
        row[8] = all.infs;
    }
}
