// Optimizer updates: a thread for each weight of the arena, every slot read and written once.

#include "primitives.cuh"

KERNEL sgd(const Real* g, Real rate, Real* update, Size size) {
    FOR_EACH(i, size) { update[i] = -rate * g[i]; }
}

KERNEL momentum(const Real* g, const Real* v, Real rate, Real decay, Real* update, Real* after,
                Size size) {
    FOR_EACH(i, size) { update[i] = after[i] = decay * v[i] - rate * g[i]; }
}

KERNEL nesterov(const Real* g, const Real* v, Real rate, Real decay, Real* update, Real* after,
                Size size) {
    FOR_EACH(i, size) {
        const Real velocity = decay * v[i] - rate * g[i];
        after[i] = velocity;
        update[i] = decay * velocity - rate * g[i];
    }
}

KERNEL rmsprop(const Real* g, const Real* s, Real rate, Real keep, Real take, Real small,
               Real* update, Real* after, Size size) {
    FOR_EACH(i, size) {
        const Real mean = keep * s[i] + take * (g[i] * g[i]);
        after[i] = mean;
        update[i] = -rate * g[i] / sqrt(mean + small);
    }
}

KERNEL adagrad(const Real* g, const Real* a, Real rate, Real small, Real* update, Real* after,
               Size size) {
    FOR_EACH(i, size) {
        const Real sum = a[i] + g[i] * g[i];
        after[i] = sum;
        update[i] = -rate * g[i] / sqrt(sum + small);
    }
}

KERNEL adam(const Real* g, const Real* m, const Real* v, Real size_of_step, Real take_1,
            Real take_2, Real small, Real* update, Real* m_after, Real* v_after, Size size) {
    FOR_EACH(i, size) {
        const Real first = m[i] + (g[i] - m[i]) * take_1;
        const Real second = v[i] + (g[i] * g[i] - v[i]) * take_2;
        m_after[i] = first;
        v_after[i] = second;
        update[i] = -(first * size_of_step) / (sqrt(second) + small);
    }
}
