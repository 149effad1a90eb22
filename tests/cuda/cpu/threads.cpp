// Runs CUDA kernels on the CPU.
//
// Blocks run one after the other. A block's threads are fibers: each runs until it reaches a
// barrier, or a shuffle of its warp, which it leaves when all others have come there too. An order
// says how threads, and blocks, take their turns.
//
// Reported: a barrier, or a shuffle, that some threads do not reach while others wait in it.
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>

#include "machine.h"

// The ends of the section of shared memory in the library that this is a part of.
extern "C" char __start_cuda_shared[] __attribute__((weak, visibility("hidden")));
extern "C" char __stop_cuda_shared[] __attribute__((weak, visibility("hidden")));

namespace cpu {

Turn turn;

namespace {

constexpr int WARP = 32;
constexpr size_t STACK = 128 * 1024;
constexpr size_t DYNAMIC = 48 * 1024;  // what CUDA grants a kernel that asks for no more

enum State { READY, AT_BARRIER, AT_SHUFFLE, DONE };

struct Fiber {
    jmp_buf resume;
    ucontext_t beginning;
    char* stack = nullptr;
    bool entered = false;
    State state = READY;
    int line = 0;          // of the barrier or shuffle that it waits in
    unsigned shuffles = 0; // how many it has taken part in
    int number = 0;
    uint3 index{};
};

struct Fragments {
    float left[4], right[2];
};

std::vector<Fiber> fibers;
std::vector<uint64_t> slots;       // what lanes give in shuffles: two for each thread, in turns
std::vector<Fragments> fragments;  // and for tensor cores, likewise
alignas(64) char dynamic[DYNAMIC];
Fiber* current = nullptr;
jmp_buf scheduler;
void (*entry)(void**);
void** arguments;
uint3 blocks, threads;
int64_t first_thread;
char report[512];

void leave() {
    if (!_setjmp(current->resume)) _longjmp(scheduler, 1);
}

void live() {
    for (;;) {
        entry(arguments);
        current->state = DONE;
        leave();
    }
}

void run_until_it_waits(Fiber& fiber) {
    current = &fiber;
    turn.on = true;
    turn.thread = first_thread + fiber.number;
    turn.index = fiber.index;
    turn.stack = fiber.stack;
    turn.stack_end = fiber.stack + STACK;
    if (_setjmp(scheduler) == 0) {
        if (fiber.entered) _longjmp(fiber.resume, 1);
        fiber.entered = true;
        getcontext(&fiber.beginning);
        fiber.beginning.uc_stack.ss_sp = fiber.stack;
        fiber.beginning.uc_stack.ss_size = STACK;
        makecontext(&fiber.beginning, live, 0);
        setcontext(&fiber.beginning);
    }
    turn.on = false;
}

void describe(char* text, size_t size, const char* what, const Fiber& waits, const Fiber& other) {
    snprintf(text, size,
             "block (%u, %u, %u): %s of line %d: thread %d waits in it while thread %d %s",
             turn.block.x, turn.block.y, turn.block.z, what, waits.line, waits.number, other.number,
             other.state == DONE ? "has ended" : other.state == AT_BARRIER ? "waits in a barrier"
                                                                           : "waits in a shuffle");
    if (other.state != DONE) {
        char tail[32];
        snprintf(tail, sizeof tail, " of line %d", other.line);
        strncat(text, tail, size - strlen(text) - 1);
    }
}

// Whether threads [begin, end) all wait in the same place; `odd` is one that does not.
bool together(int begin, int end, State state, const Fiber** odd) {
    for (int t = begin; t < end; ++t)
        if (fibers[t].state != state || fibers[t].line != fibers[begin].line ||
            (state == AT_SHUFFLE && fibers[t].shuffles != fibers[begin].shuffles)) {
            *odd = &fibers[t];
            return false;
        }
    return true;
}

void release(int begin, int end) {
    for (int t = begin; t < end; ++t) fibers[t].state = READY;
}

// Every thread waits or has ended: let those go on whose companions have come. False: nobody can.
bool go_on(int count) {
    bool any = false;
    const Fiber* odd = nullptr;
    for (int begin = 0; begin < count; begin += WARP) {
        const int end = std::min(begin + WARP, count);
        if (fibers[begin].state == AT_SHUFFLE && end - begin == WARP &&
            together(begin, end, AT_SHUFFLE, &odd)) {
            release(begin, end);
            any = true;
        }
    }
    if (any) return true;
    if (fibers[0].state == AT_BARRIER && together(0, count, AT_BARRIER, &odd)) {
        release(0, count);
        ++turn.phase;
        return true;
    }
    for (int t = 0; t < count; ++t) {
        const Fiber& waits = fibers[t];
        if (waits.state == DONE) continue;
        const bool shuffle = waits.state == AT_SHUFFLE;
        const int begin = shuffle ? t / WARP * WARP : 0;
        const int end = shuffle ? std::min(begin + WARP, count) : count;
        for (int u = begin; u < end; ++u)
            if (fibers[u].state != waits.state || fibers[u].line != waits.line) {
                describe(report, sizeof report, shuffle ? "shuffle" : "barrier", waits, fibers[u]);
                return false;
            }
    }
    snprintf(report, sizeof report, "a warp of fewer than 32 threads shuffles");
    return false;
}

void prepare(int count) {
    while ((int)fibers.size() < count) {
        Fiber fiber;
        fiber.number = (int)fibers.size();
        fiber.stack = (char*)mmap(nullptr, STACK, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        fibers.push_back(fiber);
    }
    slots.resize(2 * fibers.size());
    fragments.resize(2 * fibers.size());
}

void arrange(std::vector<int>& numbers, int order, unsigned seed) {
    std::iota(numbers.begin(), numbers.end(), 0);
    if (order == 1) std::reverse(numbers.begin(), numbers.end());
    if (order == 2) std::shuffle(numbers.begin(), numbers.end(), std::mt19937(seed));
}

bool run_block(int count, int order) {
    clear_shared_memory();
    for (int t = 0; t < count; ++t) {
        fibers[t].state = READY;
        fibers[t].shuffles = 0;
        fibers[t].index = {t % threads.x, t / threads.x % threads.y, t / threads.x / threads.y};
    }
    std::vector<int> turns(count);
    arrange(turns, order, 7);
    for (;;) {
        bool all_done = true;
        for (int t : turns) {
            if (fibers[t].state == READY) run_until_it_waits(fibers[t]);
            if (report[0]) return false;
            all_done &= fibers[t].state == DONE;
        }
        if (all_done) return true;
        if (!go_on(count)) return false;
    }
}

}  // namespace

void fail(const char* what) {
    if (!report[0]) snprintf(report, sizeof report, "%s", what);
    _longjmp(scheduler, 2);
}

uint3 thread_index() { return current->index; }
uint3 block_index() { return turn.block; }
uint3 block_size() { return threads; }
uint3 grid_size() { return blocks; }
void* dynamic_shared() { return dynamic; }

void barrier(int line) {
    current->state = AT_BARRIER;
    current->line = line;
    leave();
}

namespace {

// Wait for the other lanes of the warp. They cannot come to the next but one such place before all
// have read what was left for this one: so they leave things in two places, in turns.
void wait_for_warp(int line) {
    ++current->shuffles;
    current->state = AT_SHUFFLE;
    current->line = line;
    leave();
}

}  // namespace

unsigned long long exchange(unsigned long long bits, int lane, int line) {
    const unsigned side = current->shuffles % 2;
    const int warp = current->number / WARP * WARP;
    slots[2 * current->number + side] = bits;
    wait_for_warp(line);
    return slots[2 * (warp + lane % WARP) + side];
}

// The layouts are those of the PTX ISA, "Matrix fragments for mma.m16n8k8", for .tf32.
void multiply_fragments(const float* left, const float* right, float* product, int line) {
    const unsigned side = current->shuffles % 2;
    const int warp = current->number / WARP * WARP, lane = current->number % WARP;
    const int group = lane >> 2, in_group = lane & 3;
    Fragments& own = fragments[2 * current->number + side];
    std::copy(left, left + 4, own.left);
    std::copy(right, right + 2, own.right);
    for (const float number : {left[0], left[1], left[2], left[3], right[0], right[1]}) {
        uint32_t bits;
        memcpy(&bits, &number, sizeof bits);
        if (bits & 0x1fff && number == number) fail("a factor is not rounded to TF32");
    }
    wait_for_warp(line);
    for (int n = 0; n < 4; ++n) {
        const int row = group + (n < 2 ? 0 : 8), column = 2 * in_group + (n & 1);
        float sum = product[n];
        for (int k = 0; k < 8; ++k) {
            const Fragments& a = fragments[2 * (warp + 4 * (row % 8) + k % 4) + side];
            const Fragments& b = fragments[2 * (warp + 4 * column + k % 4) + side];
            sum += a.left[(row < 8 ? 0 : 1) + (k < 4 ? 0 : 2)] * b.right[k < 4 ? 0 : 1];
        }
        product[n] = sum;
    }
}

float rounded_to_tf32(float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    if ((bits & 0x7f800000) != 0x7f800000) bits = (bits + 0x1000) & ~0x1fffu;
    memcpy(&number, &bits, sizeof bits);
    return number;
}

}  // namespace cpu

// An array argument: where it lies, how many bytes it has, and how many one of its elements.
struct Span {
    void* start;
    uint64_t size, grain;
    int64_t argument;
};

// Run a kernel's blocks from number `first` on. Returns what went wrong, an empty text if nothing.
extern "C" const char* run(void (*kernel)(void**), const unsigned* grid, const unsigned* block_size,
                           unsigned first, unsigned shared, void** values, const Span* spans,
                           int n_spans, int order) {
    using namespace cpu;
    report[0] = 0;
    forget_memory();
    blocks = {grid[0], grid[1], grid[2]};
    threads = {block_size[0], block_size[1], block_size[2]};
    const int count = threads.x * threads.y * threads.z;
    prepare(count);
    for (int s = 0; s < n_spans; ++s)
        allow(spans[s].start, spans[s].size, spans[s].grain, (int)spans[s].argument);
    if (__start_cuda_shared)
        allow(__start_cuda_shared, __stop_cuda_shared - __start_cuda_shared, 4, SHARED_MEMORY);
    if (shared > DYNAMIC) return "more dynamic shared memory than 48 KiB";
    allow(dynamic, shared, 4, SHARED_MEMORY);
    entry = kernel;
    arguments = values;
    turn.phase = 1;
    std::vector<int> turns(blocks.x * blocks.y * blocks.z - first);
    arrange(turns, order, 11);
    for (int turn_of : turns) {
        const int b = (int)first + turn_of;
        turn.block = {b % blocks.x, b / blocks.x % blocks.y, b / blocks.x / blocks.y};
        first_thread = 1 + (int64_t)b * count;
        turn.first_phase = ++turn.phase;
        if (!run_block(count, order)) {
            for (Fiber& fiber : fibers) fiber.entered = false;  // begin anew: some are midway
            return report;
        }
    }
    return report;
}

