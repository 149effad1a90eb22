// What a CUDA kernel sees of the machine, for the host's C++ compiler: `threads.cpp` runs it.
//
// Kernels are compiled with -fsanitize=thread, which calls a function before each access to memory.
// Those functions are not the sanitizer's: they are in memory.cpp, and check the access. What
// is not declared here, atomic additions of floating-point numbers for instance, does not compile.
#pragma once
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#define CUDA_ON_CPU
#define UNCHECKED __attribute__((no_sanitize("thread")))
#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
// All shared memory of a kernel lies in one section of its library, whose ends the linker knows.
#define __shared__ static __attribute__((section("cuda_shared")))

struct uint3 {
    unsigned x, y, z;
};

namespace cpu {
uint3 thread_index();
uint3 block_index();
uint3 block_size();
uint3 grid_size();
void* dynamic_shared();
void barrier(int line);
// What the lane of the same warp whose number is `lane` gave in the same call.
unsigned long long exchange(unsigned long long bits, int lane, int line);
// Tensor cores: a warp's product of 16 x 8 by 8 x 8 numbers, as the instruction mma.m16n8k8 of TF32
// shares them out among lanes; and the rounding of cvt.rna.tf32.
void multiply_fragments(const float* left, const float* right, float* product, int line);
float rounded_to_tf32(float number);
// Mark memory as read and written by an operation that no other thread can interrupt.
void atomic(void* at, unsigned size);

template <class Value>
UNCHECKED Value exchange(Value value, int lane, int line) {
    static_assert(sizeof(Value) <= 8, "one register");
    unsigned long long bits = 0;
    __builtin_memcpy(&bits, &value, sizeof(Value));
    bits = exchange(bits, lane, line);
    __builtin_memcpy(&value, &bits, sizeof(Value));
    return value;
}
}  // namespace cpu

#define threadIdx (cpu::thread_index())
#define blockIdx (cpu::block_index())
#define blockDim (cpu::block_size())
#define gridDim (cpu::grid_size())
#define __syncthreads() cpu::barrier(__LINE__)
#define CPU_LANE (int)((threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32)
#define __shfl_sync(mask, value, lane) cpu::exchange(value, lane, __LINE__)
#define __shfl_xor_sync(mask, value, lanes) cpu::exchange(value, CPU_LANE ^ (lanes), __LINE__)

template <class Integer>
UNCHECKED Integer add_to_integer(Integer* at, Integer value) {
    cpu::atomic(at, sizeof(Integer));
    const Integer before = *at;
    *at = before + value;
    return before;
}
inline int atomicAdd(int* at, int value) { return add_to_integer(at, value); }
inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long value) {
    return add_to_integer(at, value);
}

using std::abs, std::erfc, std::exp, std::expm1, std::floor, std::fmax, std::fmin, std::isfinite;
using std::isinf, std::isnan, std::log, std::log1p, std::sqrt, std::tanh;
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }
UNCHECKED inline double __longlong_as_double(long long bits) {
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned long long)a * b >> 32; }

// Call a kernel with arguments that are given by their addresses.
template <class... Arguments, unsigned... Numbers>
UNCHECKED void call(void (*kernel)(Arguments...), void** at, std::integer_sequence<unsigned, Numbers...>) {
    kernel(*(Arguments*)at[Numbers]...);
}
template <class... Arguments>
UNCHECKED void call(void (*kernel)(Arguments...), void** at) {
    call(kernel, at, std::make_integer_sequence<unsigned, sizeof...(Arguments)>());
}

// The types of a kernel's parameters as NumPy would name them: "*f4 i8" for (float*, long long).
template <class Type>
UNCHECKED std::string named() {
    using Plain = std::remove_cv_t<std::remove_pointer_t<Type>>;
    const char* kind = std::is_floating_point_v<Plain> ? "f" : std::is_signed_v<Plain> ? "i" : "u";
    return (std::is_pointer_v<Type> ? "*" : "") + std::string(kind) + std::to_string(sizeof(Plain)) + " ";
}
template <class... Arguments>
UNCHECKED const char* types(void (*)(Arguments...)) {
    static const std::string all = (named<Arguments>() + ...);
    return all.c_str();
}
