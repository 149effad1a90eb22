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

// Which window has a cell as its i-th: the one whose first cell is `first`. -1: none has.
DEVICE int window_with(int first, int stride, int outputs) {
    return first >= 0 && first % stride == 0 && first / stride < outputs ? first / stride : -1;
}
