// Copies between images and matrices of sliding windows: (groups, pixels, cells of a window).

#include "windows.cuh"

// The cell of a matrix by number: its place in a window, and the channel within its group.
struct Cell {
    Size group, pixel;
    int i, j, channel;
};
DEVICE Cell cell_of(Size number, Size pixels, int kh, int kw, int depth) {
    const Split place = split(number, depth), column = split(place.whole, kw);
    const Split line = split(column.whole, kh), row = split(line.whole, pixels);
    return {row.whole, row.rest, (int)line.rest, (int)column.rest, (int)place.rest};
}

// Every window as a row of a matrix: each number of it finds where it came from.
KERNEL im2col(const Real* x, IMAGES, WINDOW, int depth, Size pixels, Real* matrix, Size size) {
    FOR_EACH(number, size) {
        const Cell cell = cell_of(number, pixels, kh, kw, depth);
        const Place out = place_of(cell.pixel, rows, columns, 1);
        const int h = out.row * sh + cell.i * dh - top, w = out.column * sw + cell.j * dw - left;
        const Size channel = cell.group * depth + cell.channel;
        const bool real = inside(h, height) && inside(w, width);
        matrix[number] = real ? x[((out.image * height + h) * width + w) * channels + channel] : 0;
    }
}

// Its transpose: every cell of the images adds up what the windows hold for it, in order.
KERNEL col2im(const Real* matrix, IMAGES, WINDOW, int depth, Size pixels, Real* x, Size size) {
    FOR_EACH(number, size) {
        const Place in = place_of(number, height, width, channels);
        const Size group = in.channel / depth, place = in.channel % depth;
        Real total = 0;
        for (int i = kh - 1; i >= 0; --i)
            for (int j = kw - 1; j >= 0; --j) {
                const int p = window_with(in.row + top - i * dh, sh, rows);
                const int q = window_with(in.column + left - j * dw, sw, columns);
                if (p < 0 || q < 0) continue;
                const Size pixel = (in.image * rows + p) * columns + q;
                total += matrix[((group * pixels + pixel) * kh * kw + i * kw + j) * depth + place];
            }
        x[number] = total;
    }
}
