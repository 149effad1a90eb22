// What the kernels are written with. Whatever threads do together is here: kernels take nothing
// from the hardware but these, __syncthreads() and shared memory, so that a host that knows a few
// intrinsics can run them.
//
// `Real` is float or double, set when a file is compiled.

#define KERNEL extern "C" __global__ void
#define DEVICE __device__ __forceinline__

typedef long long Size;  // of arrays, and of indices into them

constexpr int WARP = 32;
constexpr unsigned EVERY_LANE = 0xffffffffu;

// Thread and block by number, where a kernel has one axis of them.
#define FOR_EACH(i, count)                                                \
    for (Size i = blockIdx.x * (Size)blockDim.x + threadIdx.x; i < count; \
         i += gridDim.x * (Size)blockDim.x)

// The same for rows, each of which a whole warp works on: its lanes are `lane()` of WARP.
#define FOR_EACH_ROW(row, count)                                                             \
    for (Size row = (blockIdx.x * (Size)blockDim.x + threadIdx.x) / WARP; row < count;       \
         row += gridDim.x * (Size)blockDim.x / WARP)

DEVICE int lane() { return threadIdx.x % WARP; }

// i / n and i % n, of numbers that are not negative: in 32 bits where they fit, which is faster.
struct Split {
    Size whole, rest;
};
DEVICE Split split(Size i, Size n) {
    if ((i | n) >> 31) return {i / n, i % n};
    const unsigned whole = (unsigned)i / (unsigned)n;
    return {whole, (unsigned)i - whole * (unsigned)n};
}

DEVICE double infinity() { return __longlong_as_double(0x7ff0000000000000ll); }
DEVICE double not_a_number() { return __longlong_as_double(0x7ff8000000000000ll); }

// What the lane has whose number differs from this one's in the bits `lanes`.
template <class Value>
DEVICE Value from_lane(Value value, int lanes) {
    return __shfl_xor_sync(EVERY_LANE, value, lanes);
}

// The sum over a warp's lanes, in every lane. Each lane adds the same pairs, in the same tree.
template <class Value>
DEVICE Value warp_sum(Value value) {
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2)
        value += from_lane(value, lanes);
    return value;
}

// The largest number of a warp's lanes, in every lane; NaN is passed over.
template <class Value>
DEVICE Value warp_max(Value value) {
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2)
        value = fmax(value, from_lane(value, lanes));
    return value;
}

// Count in memory that other threads count in too. Of integers the order does not matter; of
// floating-point numbers it would, so that for them there is no such function.
DEVICE void count_up(Size* at, Size more) {
    atomicAdd((unsigned long long*)at, (unsigned long long)more);
}
DEVICE void count_up(int* at, int more) { atomicAdd(at, more); }

// Memory that a block's threads share, as many bytes as its launch says.
#ifdef CUDA_ON_CPU
#define SHARED(Type, name) Type* name = (Type*)cpu::dynamic_shared()
#else
#define SHARED(Type, name) extern __shared__ Type name[]
#endif

// -- tensor cores, from sm_80 on -----------------------------------------------------------------
//
// A fragment is what a warp's lanes hold together. Of the left factor, 16 rows by 8 steps, a lane
// has four numbers, n = 0 .. 3: row lane / 4 + n % 2 * 8, step lane % 4 + n / 2 * 4. Of the right
// one, 8 steps by 8 columns, two: step lane % 4 + n * 4, column lane / 4. Of the product four, at
// the places of the next two functions.
DEVICE int row_in_fragment(int n) { return lane() / 4 + n / 2 * 8; }
DEVICE int column_in_fragment(int n) { return lane() % 4 * 2 + n % 2; }

// float32 with the 10 bits of TF32: the nearest, of two as near the one farther from 0.
DEVICE float rounded_to_tf32(float number) {
#ifdef CUDA_ON_CPU
    return cpu::rounded_to_tf32(number);
#else
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(number));
    return __uint_as_float(bits);
#endif
}

// product += left * right, of numbers that were rounded to TF32.
DEVICE void multiply_fragments(const float* left, const float* right, float* product) {
#ifdef CUDA_ON_CPU
    cpu::multiply_fragments(left, right, product, __LINE__);
#else
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(product[0]), "+f"(product[1]), "+f"(product[2]), "+f"(product[3])
        : "r"(__float_as_uint(left[0])), "r"(__float_as_uint(left[1])),
          "r"(__float_as_uint(left[2])), "r"(__float_as_uint(left[3])),
          "r"(__float_as_uint(right[0])), "r"(__float_as_uint(right[1])));
#endif
}
