// Philox4x32-10, a counter-based generator, and dropout from it: a thread for each four words.
//
// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

#include "primitives.cuh"

typedef unsigned Word;  // of 32 bits

struct Words {
    Word word[4];
};

// Ten rounds of multiplying 32-bit words to 64 bits, crossing the halves, and advancing the key.
DEVICE Words philox(Size counter, Word left, Word right) {
    Word a = counter, b = 0, c = 0, d = 0;
    for (int round = 0; round < 10; ++round) {
        const Word high_a = __umulhi(a, 0xD2511F53u), low_a = a * 0xD2511F53u;
        const Word high_c = __umulhi(c, 0xCD9E8D57u), low_c = c * 0xCD9E8D57u;
        a = high_c ^ b ^ left, b = low_c;
        c = high_a ^ d ^ right, d = low_a;
        left += 0x9E3779B9u, right += 0xBB67AE85u;
    }
    return {{a, b, c, d}};
}

KERNEL random_bits(Word left, Word right, Word* bits, Size count) {
    FOR_EACH(group, (count + 3) / 4) {
        const Words words = philox(group, left, right);
        for (int i = 0; i < 4; ++i)
            if (4 * group + i < count) bits[4 * group + i] = words.word[i];
    }
}

KERNEL dropout(const Real* x, Word left, Word right, Word threshold, Real keep, Real* y,
               unsigned char* kept, Size count) {
    FOR_EACH(group, (count + 3) / 4) {
        const Words words = philox(group, left, right);
        for (int i = 0; i < 4; ++i) {
            const Size at = 4 * group + i;
            if (at < count) {
                kept[at] = words.word[i] >= threshold;
                y[at] = words.word[i] >= threshold ? x[at] / keep : 0;
            }
        }
    }
}

KERNEL dropout_gradient(const Real* dy, const unsigned char* kept, Real keep, Real* dx, Size size) {
    FOR_EACH(i, size) { dx[i] = kept[i] ? dy[i] / keep : 0; }
}
