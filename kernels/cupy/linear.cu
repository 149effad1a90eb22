// What a dense layer does beside its product.

#include "columns.cuh"
#include "curves.cuh"

KERNEL finish(Real* y, FINISH, Size channels, Size size) {
    FOR_EACH(i, size) { y[i] = finished(y[i], split(i, channels).rest, PASS_FINISH); }
}

KERNEL bias_sums(const Real* dy, COLUMNS) {
    __shared__ double shared[SHARED_SUMS(1)];
    column_sums<1>(PASS_COLUMNS, shared, [=](Size row, int column, double* sums) {
        sums[0] += dy[row * columns + column];
    });
}

KERNEL bias_gradient(const double* parts, int slabs, Real* dbias, Size columns) {
    FOR_EACH(column, columns) { dbias[column] = slab_sum<1>(parts, slabs, columns, 0, column); }
}
