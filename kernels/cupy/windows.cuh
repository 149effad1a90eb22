// Sliding windows over images (N, height, width, channels), with outputs (N, rows, columns, ...).

#include "primitives.cuh"

// What kernels are told of them: size, strides, dilation, and the pads above and to the left.
#define IMAGES int height, int width, int channels, int rows, int columns
#define WINDOW int kh, int kw, int sh, int sw, int dh, int dw, int top, int left

// The numbers of a cell or an output, from its place in row-major order.
struct Place {
    Size image;
    int row, column, channel;
};
DEVICE Place place_of(Size i, int rows, int columns, int channels) {
    const Split pixel = split(i, channels), line = split(pixel.whole, columns);
    const Split image = split(line.whole, rows);
    return {image.whole, (int)image.rest, (int)line.rest, (int)pixel.rest};
}

DEVICE bool inside(int i, int length) { return i >= 0 && i < length; }

// How many of the cells first, first + step, ... of a window lie in range(length).
DEVICE int real_cells(int first, int size, int step, int length) {
    int count = 0;
    for (int i = 0; i < size; ++i) count += inside(first + i * step, length);
    return count;
}

// Every stride-th cell of an axis, from `cell` on: a phase. All of them lie alike in windows, of
// which only every `between`-th cell, from `tap` on, ever meets one. Number n of the phase is the
// first of these taps in window n + window, the next tap in the window `back` before, and so on.
struct Phase {
    int cell, cells;
    int tap, taps, between;
    int window, back;
};
DEVICE Phase phase_of(int cell, int length, int size, int stride, int dilation, int pad) {
    int between = 1, tap = 0;
    while (between * dilation % stride) ++between;
    while (tap < between && (cell + pad - tap * dilation) % stride) ++tap;
    const int taps = tap < between ? (size - tap + between - 1) / between : 0;
    const int cells = (length - cell + stride - 1) / stride;
    const int window = (cell + pad - tap * dilation) / stride, back = between * dilation / stride;
    return {cell, cells, tap, max(taps, 0), between, window, back};
}

// Which window has a cell as its i-th: the one whose first cell is `first`. -1: none has.
DEVICE int window_with(int first, int stride, int outputs) {
    return first >= 0 && first % stride == 0 && first / stride < outputs ? first / stride : -1;
}
