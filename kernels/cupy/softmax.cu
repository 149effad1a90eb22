// Softmax: a warp for each row, whose lanes take every 32nd number of it.

#include "rows.cuh"

KERNEL softmax(const Real* x, int classes, Real* y, Size rows) {
    FOR_EACH_ROW(r, rows) {
        const Real* row = x + r * classes;
        const Real largest = row_max(row, classes);
        const Real total = row_sum(classes, [=](int k) { return exp(row[k] - largest); });
        FOR_EACH_CLASS(k, classes) y[r * classes + k] = exp(row[k] - largest) / total;
    }
}

KERNEL softmax_gradient(const Real* dy, const Real* y, int classes, Real* dx, Size rows) {
    FOR_EACH_ROW(r, rows) {
        const Real *upstream = dy + r * classes, *row = y + r * classes;
        const Real mean = row_sum(classes, [=](int k) { return (double)upstream[k] * row[k]; });
        FOR_EACH_CLASS(k, classes) dx[r * classes + k] = row[k] * (upstream[k] - mean);
    }
}
