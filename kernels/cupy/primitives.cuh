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

DEVICE double infinity() { return __longlong_as_double(0x7ff0000000000000ll); }
DEVICE double not_a_number() { return __longlong_as_double(0x7ff8000000000000ll); }

// The sum over a warp's lanes, in every lane. Each lane adds the same pairs, in the same tree.
template <class Value>
DEVICE Value warp_sum(Value value) {
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2)
        value += __shfl_xor_sync(EVERY_LANE, value, lanes);
    return value;
}

// The largest number of a warp's lanes, in every lane; NaN is passed over.
template <class Value>
DEVICE Value warp_max(Value value) {
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2)
        value = fmax(value, __shfl_xor_sync(EVERY_LANE, value, lanes));
    return value;
}

// Count in memory that other threads count in too. Of integers the order does not matter; of
// floating-point numbers it would, so that for them there is no such function.
DEVICE void count_up(unsigned long long* at, unsigned long long more) { atomicAdd(at, more); }
DEVICE void count_up(int* at, int more) { atomicAdd(at, more); }

// Memory that a block's threads share, as many bytes as its launch says.
#ifdef CUDA_ON_CPU
#define SHARED(Type, name) Type* name = (Type*)cpu::dynamic_shared()
#else
#define SHARED(Type, name) extern __shared__ Type name[]
#endif
