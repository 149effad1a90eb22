// Convolution as a matrix product whose left matrix is never written down: what `im2col` would copy
// is read from the images when a tile of it is wanted.
//
//     forward          pixels of y       x  cells of a window   times   cells  x  filters
//     input gradient   pixels of x       x  window, filters     times   those  x  channels
//     kernel gradient  cells of a window x  pixels of y         times   pixels x  filters
//
// A block makes a tile ROWS x COLUMNS of the result. It goes along the axis that is summed over,
// DEPTH at a time: all threads fetch a piece of both matrices into shared memory, then each
// multiplies OWN_ROWS by OWN_COLUMNS of them. Groups are products of their own.
//
// Versions:
// 1. Fetch, barrier, multiply, barrier.
// 2. The next piece is fetched into registers before the present one is multiplied, and waits there:
//    the memory's latency passes behind the products. A thread's rows and columns come in fours,
//    which shared memory hands over at once.
// 3. With TF32, tensor cores multiply: a warp's lanes hold a tile together.
// 4. With strides, blocks of an input's gradient take cells of one phase, and of a window only the
//    cells that meet those: of 3 x 3 with stride 2, 4, 2, 2 and 1 of 9. The others were zeros.
//
// A long sum, that of the kernel's gradient, is cut into slabs for many blocks; their sums are added
// in order by `add_slabs`. Sums are plain: what only zeros contribute to is exactly 0.

#include "conv/tiles.cuh"
#include "windows.cuh"

// A thread's pixels, of which every piece needs the same.
struct Pixels {
    Place at[LEFT];
    bool real[LEFT];
};
DEVICE Pixels pixels_of(Size first, Size count, int rows, int columns) {
    Pixels pixels;
    for (int n = 0; n < LEFT; ++n) {
        const Size pixel = first + spot<ROWS, true>(n).across;
        pixels.real[n] = pixel < count;
        pixels.at[n] = place_of(pixels.real[n] ? pixel : 0, rows, columns, 1);
    }
    return pixels;
}

// Step k of a sum over the cells of a window: row i, column j, and number c of `depth`.
struct Step {
    int i, j, c;
};
DEVICE Step step_of(Size k, int kw, int depth) {
    const Split cell = split(k, depth), line = split(cell.whole, kw);
    return {(int)line.whole, (int)line.rest, (int)cell.rest};
}

// y (pixels, filters): blockIdx is a tile of pixels, one of a group's filters, a group.
KERNEL __launch_bounds__(THREADS)
conv2d(const Real* x, const Real* kernel, const Real* bias, IMAGES, WINDOW, int depth, int filters,
       Size pixels, Real* y) {
    __shared__ Piece<ROWS> a;
    __shared__ Piece<COLUMNS> b;
    const int group = blockIdx.z, owned = filters / (channels / depth);
    const Size first = blockIdx.x * (Size)ROWS, total = (Size)kh * kw * depth;
    const int column = blockIdx.y * COLUMNS;
    const Pixels pixel = pixels_of(first, pixels, rows, columns);
    const Tile tile = tile_of<true, false>(
        0, total, a, b,
        [&](Size k, Real(&held)[LEFT]) {
            const Size mine = k + spot<ROWS, true>(0).k;
            const Step step = step_of(mine, kw, depth);
            for (int n = 0; n < LEFT; ++n) {
                const Place& out = pixel.at[n];
                const int h = out.row * sh + step.i * dh - top;
                const int w = out.column * sw + step.j * dw - left;
                const Size cell = ((out.image * height + h) * width + w) * channels;
                const bool real = pixel.real[n] && mine < total && inside(h, height);
                held[n] = real && inside(w, width) ? x[cell + group * depth + step.c] : 0;
            }
        },
        [&](Size k, Real(&held)[RIGHT]) {
            for (int n = 0; n < RIGHT; ++n) {
                const Spot at = spot<COLUMNS, false>(n);
                const bool real = k + at.k < total && column + at.across < owned;
                const Size weight = (k + at.k) * filters + group * owned + column + at.across;
                held[n] = real ? kernel[weight] : 0;
            }
        });
    for (int n = 0; n < OWN; ++n) {
        const Size row = first + own_row(n);
        const int filter = column + own_column(n);
        if (row >= pixels || filter >= owned) continue;
        const int o = group * owned + filter;
        y[row * filters + o] = bias ? tile.sums[n] + bias[o] : tile.sums[n];
    }
}

// dx (cells of the images, channels): blockIdx is a tile of a phase's cells and the phase, a tile
// of channels, a group.
KERNEL __launch_bounds__(THREADS)
input_gradient(const Real* dy, const Real* kernel, IMAGES, WINDOW, int depth, int filters,
               Size images, Real* dx) {
    __shared__ Piece<ROWS> a;
    __shared__ Piece<COLUMNS> b;
    const int group = blockIdx.z, owned = filters / (channels / depth);
    const int number = blockIdx.x % (sh * sw), column = blockIdx.y * COLUMNS;
    __shared__ Phase down, across;  // not in registers, of which the sums need many
    if (threadIdx.x == 0) {
        down = phase_of(number / sw, height, kh, sh, dh, top);
        across = phase_of(number % sw, width, kw, sw, dw, left);
    }
    __syncthreads();
    const Size first = blockIdx.x / (sh * sw) * (Size)ROWS;
    const Size cells = images * down.cells * across.cells;
    const Size total = (Size)down.taps * across.taps * owned;
    if (first >= cells) return;
    const Pixels cell = pixels_of(first, cells, down.cells, across.cells);
    const Tile tile = tile_of<true, true>(
        0, total, a, b,
        [&](Size k, Real(&held)[LEFT]) {
            const Size mine = k + spot<ROWS, true>(0).k;
            const Step step = step_of(mine, across.taps, owned);
            for (int n = 0; n < LEFT; ++n) {
                const Place& in = cell.at[n];
                const int p = in.row + down.window - step.i * down.back;
                const int q = in.column + across.window - step.j * across.back;
                const Size pixel = (in.image * rows + p) * columns + q;
                const bool real = cell.real[n] && mine < total && inside(p, rows);
                const Size at = pixel * filters + group * owned + step.c;
                held[n] = real && inside(q, columns) ? dy[at] : 0;
            }
        },
        [&](Size k, Real(&held)[RIGHT]) {
            const Size mine = k + spot<COLUMNS, true>(0).k;
            const Step step = step_of(mine, across.taps, owned);
            const int i = down.tap + step.i * down.between;
            const int j = across.tap + step.j * across.between;
            for (int n = 0; n < RIGHT; ++n) {
                const int channel = column + spot<COLUMNS, true>(n).across;
                const Size weight = ((Size)(i * kw + j) * depth + channel) * filters;
                const bool real = mine < total && channel < depth;
                held[n] = real ? kernel[weight + group * owned + step.c] : 0;
            }
        });
    Place in = {};
    for (int n = 0; n < OWN; ++n) {
        const Size row = first + own_row(n);
        const int channel = column + own_column(n);
        if (n == 0 || own_row(n) != own_row(n - 1)) in = place_of(row, down.cells, across.cells, 1);
        if (row >= cells || channel >= depth) continue;
        const int h = down.cell + in.row * sh, w = across.cell + in.column * sw;
        const Size pixel = (in.image * height + h) * width + w;
        dx[pixel * channels + group * depth + channel] = tile.sums[n];
    }
}

// Parts (slabs, kh kw depth, filters) of dkernel: blockIdx is a tile of a window's cells, one of a
// group's filters, and slab and group.
KERNEL __launch_bounds__(THREADS)
kernel_gradient(const Real* x, const Real* dy, IMAGES, WINDOW, int depth, int filters, Size pixels,
                Size slab, Real* parts) {
    __shared__ Piece<ROWS> a;
    __shared__ Piece<COLUMNS> b;
    const int groups = channels / depth, owned = filters / groups, group = blockIdx.z % groups;
    const Size weights = (Size)kh * kw * depth, first = blockIdx.x * (Size)ROWS;
    const Size begin = blockIdx.z / groups * slab, end = min(begin + slab, pixels);
    const int column = blockIdx.y * COLUMNS;
    const Size row = first + spot<ROWS, false>(0).across;
    const Step step = step_of(row, kw, depth);
    const Tile tile = tile_of<false, false>(
        begin, end, a, b,
        [&](Size k, Real(&held)[LEFT]) {
            for (int n = 0; n < LEFT; ++n) {
                const Size pixel = k + spot<ROWS, false>(n).k;
                const Place out = place_of(pixel, rows, columns, 1);
                const int h = out.row * sh + step.i * dh - top;
                const int w = out.column * sw + step.j * dw - left;
                const Size cell = ((out.image * height + h) * width + w) * channels;
                const bool real = pixel < end && row < weights && inside(h, height);
                held[n] = real && inside(w, width) ? x[cell + group * depth + step.c] : 0;
            }
        },
        [&](Size k, Real(&held)[RIGHT]) {
            for (int n = 0; n < RIGHT; ++n) {
                const Spot at = spot<COLUMNS, false>(n);
                const bool real = k + at.k < end && column + at.across < owned;
                const Size place = (k + at.k) * filters + group * owned + column + at.across;
                held[n] = real ? dy[place] : 0;
            }
        });
    Real* part = parts + blockIdx.z / groups * weights * filters;
    for (int n = 0; n < OWN; ++n) {
        const Size weight = first + own_row(n);
        const int filter = column + own_column(n);
        if (weight < weights && filter < owned)
            part[weight * filters + group * owned + filter] = tile.sums[n];
    }
}

KERNEL add_slabs(const Real* parts, int slabs, Real* dkernel, Size size) {
    FOR_EACH(i, size) {
        double total = 0;
        for (int part = 0; part < slabs; ++part) total += parts[part * size + i];
        dkernel[i] = total;
    }
}
