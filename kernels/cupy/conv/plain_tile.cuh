// Each thread holds OWN_ROWS x OWN_COLUMNS numbers of a tile, and multiplies for itself.

#include "primitives.cuh"

constexpr int THREADS = ROWS / OWN_ROWS * (COLUMNS / OWN_COLUMNS);
constexpr int OWN = OWN_ROWS * OWN_COLUMNS;

struct alignas(4 * sizeof(Real)) Four {
    Real number[4];
};

// A piece of a matrix in shared memory: for each step along the sum, `WIDE` rows or columns. Four
// more keep threads that store along the sum out of each other's banks.
template <int WIDE>
using Piece = Four[DEPTH][WIDE / 4 + 1];

// What a number is before it is multiplied.
DEVICE Real factor(Real number) { return number; }

struct Tile {
    Real sums[OWN];
};

// A thread's numbers of one line of a piece: fours that lie as far apart as they can.
template <int WIDE, int COUNT>
DEVICE void take(const Four* line, int first, Real (&numbers)[COUNT]) {
    for (int four = 0; four < COUNT / 4; ++four) {
        const Four part = line[first + four * (WIDE / COUNT)];
        for (int n = 0; n < 4; ++n) numbers[4 * four + n] = part.number[n];
    }
}

// The row or column of the tile that a thread's number `n` of a line is.
template <int WIDE, int COUNT>
DEVICE int place(int first, int n) {
    return 4 * (first + n / 4 * (WIDE / COUNT)) + n % 4;
}

DEVICE int first_row() { return threadIdx.x / (COLUMNS / OWN_COLUMNS); }
DEVICE int first_column() { return threadIdx.x % (COLUMNS / OWN_COLUMNS); }
DEVICE int own_row(int n) { return place<ROWS, OWN_ROWS>(first_row(), n / OWN_COLUMNS); }
DEVICE int own_column(int n) { return place<COLUMNS, OWN_COLUMNS>(first_column(), n % OWN_COLUMNS); }

DEVICE void multiply(const Piece<ROWS>& a, const Piece<COLUMNS>& b, Tile& tile) {
#pragma unroll
    for (int k = 0; k < DEPTH; ++k) {
        Real left[OWN_ROWS], right[OWN_COLUMNS];
        take<ROWS>(a[k], first_row(), left);
        take<COLUMNS>(b[k], first_column(), right);
        for (int m = 0; m < OWN_ROWS; ++m)
            for (int n = 0; n < OWN_COLUMNS; ++n)
                tile.sums[m * OWN_COLUMNS + n] += left[m] * right[n];
    }
}
