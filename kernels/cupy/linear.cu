// What a dense layer does beside its product.

#include "columns.cuh"

KERNEL add_bias(Real* y, const Real* bias, Size channels, Size size) {
    FOR_EACH(i, size) { y[i] += bias[split(i, channels).rest]; }
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
