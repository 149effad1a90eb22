// Eight warps hold a tile, four above and two beside each other, and multiply by tensor cores, from
// sm_80 on: 16 x 8 numbers at once, 8 steps of the sum long. Factors are rounded to TF32, which
// keeps 10 bits of float32's 23; products are exact, and sums float32's.

#include "primitives.cuh"

constexpr int THREADS = 8 * WARP;
constexpr int WARP_ROWS = ROWS / 4, WARP_COLUMNS = COLUMNS / 2;
constexpr int DOWN = WARP_ROWS / 16, ACROSS = WARP_COLUMNS / 8;  // fragments of a warp
constexpr int OWN = DOWN * ACROSS * 4;

// A piece of a matrix in shared memory. Eight numbers more keep the lanes of a fragment, which are
// four steps by eight rows, in banks of their own.
template <int WIDE>
using Piece = Real[DEPTH][WIDE + 8];

DEVICE Real factor(Real number) { return rounded_to_tf32(number); }

struct Tile {
    Real sums[OWN];
};

DEVICE int warp_row() { return threadIdx.x / WARP / 2 * WARP_ROWS; }
DEVICE int warp_column() { return threadIdx.x / WARP % 2 * WARP_COLUMNS; }
DEVICE int own_row(int n) { return warp_row() + n / 4 / ACROSS * 16 + row_in_fragment(n % 4); }
DEVICE int own_column(int n) {
    return warp_column() + n / 4 % ACROSS * 8 + column_in_fragment(n % 4);
}

DEVICE void multiply(const Piece<ROWS>& a, const Piece<COLUMNS>& b, Tile& tile) {
    const int step = lane() % 4, line = lane() / 4;
#pragma unroll
    for (int k = 0; k < DEPTH; k += 8) {
        Real left[DOWN][4], right[ACROSS][2];
        for (int m = 0; m < DOWN; ++m)
            for (int n = 0; n < 4; ++n)
                left[m][n] = a[k + step + n / 2 * 4][warp_row() + m * 16 + line + n % 2 * 8];
        for (int c = 0; c < ACROSS; ++c)
            for (int n = 0; n < 2; ++n)
                right[c][n] = b[k + step + n * 4][warp_column() + c * 8 + line];
#pragma unroll
        for (int m = 0; m < DOWN; ++m)
            for (int c = 0; c < ACROSS; ++c)
                multiply_fragments(left[m], right[c], tile.sums + (m * ACROSS + c) * 4);
    }
}
