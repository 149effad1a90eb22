// Pooling: a thread for each output; in gradients for each cell, which asks the windows that read
// it, in order, so that nothing is added by two threads. `Number` numbers the cells of a window.

#include "windows.cuh"

KERNEL max_pool2d(const Real* x, IMAGES, WINDOW, Real* y, Number* numbers, Size size) {
    FOR_EACH(o, size) {
        const Place out = place_of(o, rows, columns, channels);
        Real best = 0;
        int winner = -1;
        for (int i = 0; i < kh; ++i)
            for (int j = 0; j < kw; ++j) {
                const int h = out.row * sh + i * dh - top, w = out.column * sw + j * dw - left;
                if (!inside(h, height) || !inside(w, width)) continue;
                const Real cell = x[((out.image * height + h) * width + w) * channels + out.channel];
                const bool first_nan = isnan(cell) && !isnan(best);
                if (winner < 0 || cell > best || first_nan) best = cell, winner = i * kw + j;
            }
        y[o] = best;
        numbers[o] = winner;
    }
}

KERNEL max_pool2d_gradient(const Real* dy, const Number* numbers, IMAGES, WINDOW, Real* dx,
                           Size size) {
    FOR_EACH(cell, size) {
        const Place in = place_of(cell, height, width, channels);
        Real total = 0;
        for (int i = kh - 1; i >= 0; --i)
            for (int j = kw - 1; j >= 0; --j) {
                const int p = window_with(in.row + top - i * dh, sh, rows);
                const int q = window_with(in.column + left - j * dw, sw, columns);
                if (p < 0 || q < 0) continue;
                const Size o = ((in.image * rows + p) * columns + q) * channels + in.channel;
                if (numbers[o] == i * kw + j) total += dy[o];
            }
        dx[cell] = total;
    }
}

KERNEL average_pool2d(const Real* x, IMAGES, WINDOW, Real* y, Size size) {
    FOR_EACH(o, size) {
        const Place out = place_of(o, rows, columns, channels);
        Real total = 0;
        int count = 0;
        for (int i = 0; i < kh; ++i)
            for (int j = 0; j < kw; ++j) {
                const int h = out.row * sh + i * dh - top, w = out.column * sw + j * dw - left;
                if (!inside(h, height) || !inside(w, width)) continue;
                total += x[((out.image * height + h) * width + w) * channels + out.channel];
                ++count;
            }
        y[o] = total / count;
    }
}

KERNEL average_pool2d_gradient(const Real* dy, IMAGES, WINDOW, Real* dx, Size size) {
    FOR_EACH(cell, size) {
        const Place in = place_of(cell, height, width, channels);
        Real total = 0;
        for (int i = kh - 1; i >= 0; --i)
            for (int j = kw - 1; j >= 0; --j) {
                const int p = window_with(in.row + top - i * dh, sh, rows);
                const int q = window_with(in.column + left - j * dw, sw, columns);
                if (p < 0 || q < 0) continue;
                const int count = real_cells(p * sh - top, kh, dh, height) *
                                  real_cells(q * sw - left, kw, dw, width);
                total += dy[((in.image * rows + p) * columns + q) * channels + in.channel] / count;
            }
        dx[cell] = total;
    }
}
