// Sums over the rows of matrices (rows, columns), one for each column, in double precision.
//
// A block takes a slab of rows, and a tile of columns as wide as a power of two, a warp at most:
// thread t is in column t % tile, and takes one row of `threads / tile` from row t / tile on. What
// a column's threads have summed up is added within the warp, then from warp to warp, and left as
// the slab's part. Whoever reads the parts adds them in order, by `slab_sum`.

#include "primitives.cuh"

#define COLUMNS Size rows, int columns, int tile, Size slab, double* parts
#define PASS_COLUMNS rows, columns, tile, slab, parts
#define SHARED_SUMS(sums) (8 * sums * WARP)  // of blocks of 8 warps

// `add(row, column, sums)` adds an element to each of its column's sums.
template <int SUMS, class Add>
DEVICE void column_sums(COLUMNS, double* shared, Add add) {
    const int thread = threadIdx.x, column = blockIdx.x * tile + thread % tile;
    const Size first = blockIdx.y * slab, last = min(first + slab, rows);
    double sums[SUMS] = {};
    if (column < columns)
        for (Size row = first + thread / tile; row < last; row += blockDim.x / tile)
            add(row, column, sums);
    for (int s = 0; s < SUMS; ++s) {
        for (int lanes = WARP / 2; lanes >= tile; lanes /= 2)
            sums[s] += from_lane(sums[s], lanes);
        if (lane() < tile) shared[(thread / WARP * SUMS + s) * WARP + lane()] = sums[s];
    }
    __syncthreads();
    if (thread < tile && column < columns)
        for (int s = 0; s < SUMS; ++s) {
            double total = 0;
            for (int warp = 0; warp < (int)blockDim.x / WARP; ++warp)
                total += shared[(warp * SUMS + s) * WARP + thread];
            parts[(blockIdx.y * SUMS + s) * (Size)columns + column] = total;
        }
}

// A column's sum number s over all slabs.
template <int SUMS>
DEVICE double slab_sum(const double* parts, int slabs, Size columns, int s, Size column) {
    double total = 0;
    for (int part = 0; part < slabs; ++part) total += parts[(part * SUMS + s) * columns + column];
    return total;
}
