// Copies. They move bits: `Word` is an unsigned integer as large as an element.

#include "primitives.cuh"

// Images (height, width) into larger ones (rows, columns), of cells of `channels` words.
KERNEL pad(const Word* x, Size height, Size width, Size channels, Size top, Size left, Size rows,
           Size columns, Word* y, Size size) {
    FOR_EACH(i, size) {
        const Split pixel = split(i, channels), line = split(pixel.whole, columns);
        const Split image = split(line.whole, rows);
        const Size h = image.rest - top, w = line.rest - left;
        const bool inside = h >= 0 && h < height && w >= 0 && w < width;
        const Size at = ((image.whole * height + h) * width + w) * channels + pixel.rest;
        y[i] = inside ? x[at] : 0;
    }
}

// Rows of `length` words, to where rows of `stride` words have them from `begin` on.
KERNEL place(const Word* x, Size length, Size begin, Size stride, Word* y, Size size) {
    FOR_EACH(i, size) {
        const Split row = split(i, length);
        y[row.whole * stride + begin + row.rest] = x[i];
    }
}
