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

// Arrays side by side. Versions:
//
// 1. A launch for each array.
// 2. One for eight of them: gathering the gradients of a deep network took hundreds of launches.

#define EIGHT(Type, name) \
    Type name##0, Type name##1, Type name##2, Type name##3, Type name##4, Type name##5, \
        Type name##6, Type name##7
#define LIST(name) \
    { name##0, name##1, name##2, name##3, name##4, name##5, name##6, name##7 }

// Columns `begin` to end7 of y, a matrix with rows of `stride` words: array a has those from the
// end of the array before to its own. Where there are fewer than eight, the last ends are equal.
KERNEL place(EIGHT(const Word*, x), EIGHT(Size, end), Size begin, Size stride, Word* y, Size size) {
    const Word* const arrays[8] = LIST(x);
    const Size ends[8] = LIST(end);
    FOR_EACH(i, size) {
        const Split row = split(i, end7 - begin);
        const Size column = begin + row.rest;
        const Word* x = x0;
        Size first = begin, length = end0 - begin;
#pragma unroll
        for (int a = 1; a < 8; ++a)
            if (column >= ends[a - 1]) {
                x = arrays[a];
                first = ends[a - 1];
                length = ends[a] - first;
            }
        y[row.whole * stride + column] = x[row.whole * length + column - first];
    }
}
