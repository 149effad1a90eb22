// Batch normalisation of matrices x (rows, channels).
//
// Mean and variance in one pass over memory: a channel's first number is near its mean, compared
// with the deviations, so that the sums of x - first and of (x - first)^2 lose next to nothing when
// the mean is taken out of them. (However far off it is: its own deviation is one of those summed.)

#include "columns.cuh"

DEVICE double near_mean(const Real* x, Size column) {
    return isfinite(x[column]) ? x[column] : 0;
}

KERNEL moment_sums(const Real* x, COLUMNS) {
    __shared__ double shared[SHARED_SUMS(2)];
    column_sums<2>(PASS_COLUMNS, shared, [=](Size row, int column, double* sums) {
        const double deviation = x[row * columns + column] - near_mean(x, column);
        sums[0] += deviation;
        sums[1] += deviation * deviation;
    });
}

KERNEL moments(const double* parts, int slabs, const Real* x, double rows, Real* mean,
               Real* variance, Size columns) {
    FOR_EACH(column, columns) {
        const double off = slab_sum<2>(parts, slabs, columns, 0, column) / rows;
        const double squares = slab_sum<2>(parts, slabs, columns, 1, column) / rows;
        mean[column] = (rows > 0 ? near_mean(x, column) : 0) + off;  // of nothing NaN
        const double left = squares - off * off;
        variance[column] = left < 0 ? 0 : left;  // NaN stays
    }
}

KERNEL batch_norm(const Real* x, const Real* mean, const Real* variance, const Real* gamma,
                  const Real* beta, Real epsilon, Size channels, Real* y, Size size) {
    FOR_EACH(i, size) {
        const Size c = split(i, channels).rest;
        y[i] = (x[i] - mean[c]) / sqrt(variance[c] + epsilon) * gamma[c] + beta[c];
    }
}

// The sums of dy and of dy (x - mean).
KERNEL gradient_sums(const Real* dy, const Real* x, const Real* mean, COLUMNS) {
    __shared__ double shared[SHARED_SUMS(2)];
    column_sums<2>(PASS_COLUMNS, shared, [=](Size row, int column, double* sums) {
        const Size i = row * columns + column;
        sums[0] += dy[i];
        sums[1] += (double)dy[i] * (x[i] - mean[column]);
    });
}

KERNEL parameter_gradients(const double* parts, int slabs, const Real* variance, Real epsilon,
                           Real* dgamma, Real* dbeta, Size columns) {
    FOR_EACH(column, columns) {
        dbeta[column] = slab_sum<2>(parts, slabs, columns, 0, column);
        const double products = slab_sum<2>(parts, slabs, columns, 1, column);
        dgamma[column] = products / sqrt((double)(variance[column] + epsilon));
    }
}

// gamma / d (dy - dbeta / M - z dgamma / M), with z = (x - mean) / d: see the numpy backend.
KERNEL batch_norm_gradient(const Real* dy, const Real* x, const Real* mean, const Real* variance,
                           const Real* gamma, Real epsilon, const Real* dgamma, const Real* dbeta,
                           Real count, Size channels, Real* dx, Size size) {
    FOR_EACH(i, size) {
        const Size c = split(i, channels).rest;
        const Real deviation = sqrt(variance[c] + epsilon);
        const Real z = (x[i] - mean[c]) / deviation;
        dx[i] = (dy[i] - dbeta[c] / count - z * (dgamma[c] / count)) * (gamma[c] / deviation);
    }
}

KERNEL inference_gradient(const Real* dy, const Real* variance, const Real* gamma, Real epsilon,
                          Size channels, Real* dx, Size size) {
    FOR_EACH(i, size) {
        const Size c = split(i, channels).rest;
        dx[i] = dy[i] * (gamma[c] / sqrt(variance[c] + epsilon));
    }
}
