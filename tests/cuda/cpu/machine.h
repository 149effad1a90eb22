// What the parts of the emulator know of each other: whose turn it is, and how a test ends.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cuda_on_cpu.h"

namespace cpu {

// The thread whose turn it is; none between turns.
struct Turn {
    bool on = false;
    int64_t thread = 0;  // its number in the whole grid, from 1 on
    uint3 index{}, block{};
    char *stack = nullptr, *stack_end = nullptr;
    int64_t phase = 0;        // counts barriers, and blocks
    int64_t first_phase = 0;  // of this block
};
extern Turn turn;

// End the kernel, and say what the thread did.
[[noreturn]] void fail(const char* what);

// -- memory.cpp ----------------------------------------------------------------------------------

constexpr int SHARED_MEMORY = -1;

// Forget all memory that kernels may touch; then name what there is, in elements of `grain` bytes:
// a kernel's argument of that number, or SHARED_MEMORY.
void forget_memory();
void allow(void* start, size_t size, size_t grain, int argument);
// Fill shared memory with NaN that nobody has written, for a new block.
void clear_shared_memory();

}  // namespace cpu
