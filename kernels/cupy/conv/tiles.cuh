// A tile ROWS x COLUMNS of a product of matrices, by a block: pieces of both matrices, DEPTH steps
// of the sum long, go through shared memory.
//
// Who multiplies is in one of two files, which say of how many THREADS a block is, what each of
// them holds of the tile, OWN numbers, at own_row(n) and own_column(n), and `multiply` a piece.

#include "primitives.cuh"

#ifdef TF32
#include "conv/tensor_tile.cuh"
#else
#include "conv/plain_tile.cuh"
#endif

constexpr int LEFT = ROWS * DEPTH / THREADS;      // numbers of the left matrix that a thread fetches
constexpr int RIGHT = COLUMNS * DEPTH / THREADS;  // of the right one

// Where a thread's number `n` of a piece lies: neighbours go along the sum, or across it.
struct Spot {
    int k, across;
};
template <int WIDE, bool ALONG>
DEVICE Spot spot(int n) {
    const int number = n * THREADS + threadIdx.x;
    return ALONG ? Spot{number % DEPTH, number / DEPTH} : Spot{number / WIDE, number % WIDE};
}

template <int WIDE, bool ALONG, int COUNT>
DEVICE void put(const Real (&held)[COUNT], Piece<WIDE>& piece) {
    for (int n = 0; n < COUNT; ++n) {
        const Spot at = spot<WIDE, ALONG>(n);
        ((Real*)piece[at.k])[at.across] = factor(held[n]);
    }
}

// The sums over steps first .. last. `fetch_left(k, held)` gets a thread's share of the piece from
// step k on, which lies along the sum or not; so does `fetch_right`.
template <bool LEFT_ALONG, bool RIGHT_ALONG, class FetchLeft, class FetchRight>
DEVICE Tile tile_of(Size first, Size last, Piece<ROWS>& a, Piece<COLUMNS>& b,
                    const FetchLeft& fetch_left, const FetchRight& fetch_right) {
    Tile tile = {};
    if (first >= last) return tile;
    Real left[LEFT], right[RIGHT];
    fetch_left(first, left);
    fetch_right(first, right);
    for (Size k = first; k < last; k += DEPTH) {
        put<ROWS, LEFT_ALONG>(left, a);
        put<COLUMNS, RIGHT_ALONG>(right, b);
        __syncthreads();
        if (k + DEPTH < last) {
            fetch_left(k + DEPTH, left);
            fetch_right(k + DEPTH, right);
        }
        multiply(a, b, tile);
        __syncthreads();
    }
    return tile;
}
