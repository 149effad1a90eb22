// Losses and their derivatives, in one pass: a thread for each element, or a warp for each row.

#include "curves.cuh"
#include "rows.cuh"

KERNEL squared_error(const Real* y, const Real* target, Real* loss, Real* dy, Size size) {
    FOR_EACH(i, size) {
        const Real difference = y[i] - target[i];
        loss[i] = difference * difference;
        dy[i] = 2 * difference;
    }
}

KERNEL absolute_error(const Real* y, const Real* target, Real* loss, Real* dy, Size size) {
    FOR_EACH(i, size) {
        const Real difference = y[i] - target[i];
        loss[i] = abs(difference);
        dy[i] = difference > 0 ? 1 : difference < 0 ? -1 : difference + 0;  // NaN, or 0 for -0
    }
}

// p moved into [low, high]; NaN of NaN.
DEVICE Real clipped(Real p, Real low, Real high) { return p < low ? low : p > high ? high : p; }

KERNEL binary_cross_entropy(const Real* p, const Real* target, Real low, Real high, Real* loss,
                            Real* dp, Size size) {
    FOR_EACH(i, size) {
        const Real t = target[i], q = clipped(p[i], low, high);
        const bool flat = p[i] < low || p[i] > high;
        loss[i] = -t * log(q) - (1 - t) * log1p(-q);
        dp[i] = flat ? 0 : (1 - t) / (1 - p[i]) - t / p[i];
    }
}

KERNEL sigmoid_cross_entropy(const Real* logits, const Real* target, Real* loss, Real* dz,
                             Size size) {
    FOR_EACH(i, size) {
        const Real z = logits[i], t = target[i];
        loss[i] = (z > 0 ? z : 0) - z * t + log1p(exp(-abs(z)));
        dz[i] = logistic(z) - t;
    }
}

// What reaches q = p / sum(p) through the logarithm: 0 where the clip is flat.
DEVICE Real slope_at(Real q, Real t, Real low, Real high) {
    return q < low || q > high ? 0 : -t / q;
}

// dp_j = (dq_j - sum_k dq_k q_k) / sum(p): see the numpy backend.
KERNEL categorical_cross_entropy(const Real* p, const Real* target, Real low, Real high,
                                 int classes, Real* loss, Real* dp, Size rows) {
    FOR_EACH_ROW(r, rows) {
        const Real *row = p + r * classes, *t = target + r * classes;
        const Real total = row_sum(classes, [=](int k) { return row[k]; });
        const double value = row_sum(classes, [=](int k) {
            return -t[k] * log(clipped(row[k] / total, low, high));
        });
        const Real mean = row_sum(classes, [=](int k) {
            const Real q = row[k] / total;
            return slope_at(q, t[k], low, high) * q;
        });
        FOR_EACH_CLASS(k, classes)
            dp[r * classes + k] = (slope_at(row[k] / total, t[k], low, high) - mean) / total;
        if (lane() == 0) loss[r] = value;
    }
}

// -log softmax(z) = log(sum exp z) - z, with the largest logit taken out of the sum.
KERNEL softmax_cross_entropy(const Real* logits, const Real* target, int classes, Real* loss,
                             Real* dz, Size rows) {
    FOR_EACH_ROW(r, rows) {
        const Real *z = logits + r * classes, *t = target + r * classes;
        const Real largest = row_max(z, classes);
        const double total = row_sum(classes, [=](int k) { return exp(z[k] - largest); });
        const double log_total = largest + log(total);
        const double value = row_sum(classes, [=](int k) { return t[k] * (log_total - z[k]); });
        const Real weight = row_sum(classes, [=](int k) { return t[k]; }) / total;
        FOR_EACH_CLASS(k, classes)
            dz[r * classes + k] = exp(z[k] - largest) * weight - t[k];
        if (lane() == 0) loss[r] = value;
    }
}
