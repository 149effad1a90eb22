// Convolution where groups have a few channels each: there is next to nothing to share among
// threads, so that each takes an output, or a cell of the images, of its own.

#include "columns.cuh"
#include "curves.cuh"
#include "windows.cuh"

KERNEL direct(const Real* x, const Real* kernel, FINISH, IMAGES, WINDOW, int depth, int filters,
              Real* y, Size size) {
    const int own = filters / (channels / depth);  // of a group
    FOR_EACH(o, size) {
        const Place out = place_of(o, rows, columns, filters);
        const int first = out.channel / own * depth;
        Real total = 0;
        for (int i = 0; i < kh; ++i)
            for (int j = 0; j < kw; ++j) {
                const int h = out.row * sh + i * dh - top, w = out.column * sw + j * dw - left;
                if (!inside(h, height) || !inside(w, width)) continue;
                const Real* cell = x + ((out.image * height + h) * width + w) * channels + first;
                const Real* weight = kernel + (i * kw + j) * depth * (Size)filters + out.channel;
                for (int c = 0; c < depth; ++c) total += cell[c] * weight[c * (Size)filters];
            }
        y[o] = finished(total, out.channel, PASS_FINISH);
    }
}

KERNEL direct_input_gradient(const Real* dy, const Real* kernel, IMAGES, WINDOW, int depth,
                             int filters, Real* dx, Size size) {
    const int own = filters / (channels / depth);
    FOR_EACH(number, size) {
        const Place in = place_of(number, height, width, channels);
        const int first = in.channel / depth * own, c = in.channel % depth;
        const Phase down = phase_of(in.row % sh, height, kh, sh, dh, top);
        const Phase across = phase_of(in.column % sw, width, kw, sw, dw, left);
        Real total = 0;
        for (int s = 0; s < down.taps; ++s)
            for (int t = 0; t < across.taps; ++t) {
                const int p = in.row / sh + down.window - s * down.back;
                const int q = in.column / sw + across.window - t * across.back;
                if (!inside(p, rows) || !inside(q, columns)) continue;
                const int i = down.tap + s * down.between, j = across.tap + t * across.between;
                const Real* upstream = dy + ((in.image * rows + p) * columns + q) * filters + first;
                const Real* weight = kernel + ((i * kw + j) * depth + c) * (Size)filters + first;
                for (int o = 0; o < own; ++o) total += upstream[o] * weight[o];
            }
        dx[number] = total;
    }
}

// Each weight is a column; what a pixel adds to it is a row.
KERNEL direct_kernel_sums(const Real* x, const Real* dy, IMAGES, WINDOW, int depth, int filters,
                          Size pixels, int weights, int tile, Size slab, double* parts) {
    __shared__ double shared[SHARED_SUMS(1)];
    const int own = filters / (channels / depth);
    column_sums<1>(pixels, weights, tile, slab, parts, shared,
                   [=](Size pixel, int weight, double* sums) {
        const Place out = place_of(pixel, rows, columns, 1);
        const Place in = place_of(weight, kw, depth, filters);  // i, j, c, o
        const int h = out.row * sh + (int)in.image * dh - top;
        const int w = out.column * sw + in.row * dw - left;
        if (!inside(h, height) || !inside(w, width)) return;
        const int channel = in.channel / own * depth + in.column;
        const Real cell = x[((out.image * height + h) * width + w) * channels + channel];
        sums[0] += (double)cell * dy[pixel * filters + in.channel];
    });
}

KERNEL direct_kernel_gradient(const double* parts, int slabs, Real* dkernel, Size weights) {
    FOR_EACH(w, weights) { dkernel[w] = slab_sum<1>(parts, slabs, weights, 0, w); }
}
