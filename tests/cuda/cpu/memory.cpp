// The memory that kernels may touch, and who has touched it.
//
// Reported, with the thread that did it:
// * an access out of bounds: outside of the kernel's arguments, its shared memory and the thread's
//   own stack;
// * a race: two threads have touched the same number with no barrier between them (or are of
//   different blocks), and one of them wrote;
// * shared memory that is read before it was written.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "machine.h"

// The library that this is a part of: constants may be read there.
extern "C" char __ehdr_start[] __attribute__((visibility("hidden")));
extern "C" char _end[] __attribute__((visibility("hidden")));

namespace cpu {
namespace {

// Who touched a number last. Threads are numbered from 1 through the whole grid.
struct Touch {
    int64_t writer = 0, reader = 0;
    int64_t written = 0, read = 0;  // when: the phase between two barriers
};
// Or an atomic operation; several threads of this block; threads of several blocks.
constexpr int64_t ATOMIC = -1, SEVERAL = -2, BLOCKS = -3;

// Of each number of an array; of a vast one, of those that are touched.
class Touches {
    static constexpr size_t VAST = 1 << 24;
    std::vector<Touch> all;
    std::unordered_map<size_t, Touch> some;

  public:
    explicit Touches(size_t count) : all(count < VAST ? count : 0) {}
    Touch& operator[](size_t number) { return all.empty() ? some[number] : all[number]; }
    void forget() { std::fill(all.begin(), all.end(), Touch()); }
};

struct Region {
    char* start;
    size_t size, grain;
    int argument;
    Touches touches;
};
std::vector<Region> regions;

[[noreturn]] void fail_at(const char* what, const Region& region, const char* at) {
    char whole[400];
    const uint3 block = turn.block, thread = turn.index;
    int end = snprintf(whole, sizeof whole, "block (%u, %u, %u), thread (%u, %u, %u) %s: ", block.x,
                       block.y, block.z, thread.x, thread.y, thread.z, what);
    if (region.argument == SHARED_MEMORY)
        snprintf(whole + end, sizeof whole - end, "shared memory, byte %td", at - region.start);
    else
        snprintf(whole + end, sizeof whole - end, "argument %d, element %td of %zu", region.argument,
                 (at - region.start) / (ptrdiff_t)region.grain, region.size / region.grain);
    fail(whole);
}

Region* region_of(const char* at) {
    for (Region& region : regions)
        if (at >= region.start && at < region.start + region.size) return &region;
    return nullptr;
}

[[noreturn]] void outside(const char* what, const char* at) {
    const Region* nearest = nullptr;
    ptrdiff_t least = 0;
    for (const Region& region : regions) {
        const char* end = region.start + region.size;
        const ptrdiff_t away = at < region.start ? region.start - at : at - end;
        if (!nearest || away < least) nearest = &region, least = away;
    }
    if (nearest) fail_at(what, *nearest, at);
    fail(what);
}

bool own(const char* at) { return at >= turn.stack && at < turn.stack_end; }

bool constant(const char* at) { return at >= __ehdr_start && at < _end; }

// Whether another thread's touch of that time may as well come after the present one.
bool at_once(int64_t thread, int64_t when) {
    return thread == BLOCKS || when < turn.first_phase || when == turn.phase;
}

// Who has read a number, when one more has.
int64_t readers(const Touch& touch, int64_t me) {
    if (!touch.reader || touch.reader == me) return me;
    if (touch.reader == BLOCKS || touch.read < turn.first_phase) return BLOCKS;
    return touch.read < turn.phase ? me : SEVERAL;
}

void access(const void* address, unsigned size, bool writes, bool atomically = false) {
    if (!turn.on) return;
    const char* at = (const char*)address;
    const char* out = writes ? "writes out of bounds" : "reads out of bounds";
    Region* region = region_of(at);
    if (!region) {
        if (own(at) || (!writes && constant(at))) return;
        outside(out, at);
    }
    if (at + size > region->start + region->size) outside(out, at + size - 1);
    const int64_t me = atomically ? ATOMIC : turn.thread;
    for (unsigned byte = 0; byte < size; byte += region->grain) {
        Touch& touch = region->touches[(at + byte - region->start) / region->grain];
        if (touch.writer && touch.writer != me && at_once(touch.writer, touch.written))
            fail_at(writes ? "races, writes what another thread wrote"
                           : "races, reads what another thread wrote", *region, at);
        if (writes && touch.reader && touch.reader != me && at_once(touch.reader, touch.read))
            fail_at("races, writes what another thread read", *region, at);
        if (!writes && region->argument == SHARED_MEMORY && !touch.writer)
            fail_at("reads what nobody has written", *region, at);
        if (writes)
            touch.writer = me, touch.written = turn.phase;
        else
            touch.reader = readers(touch, me), touch.read = turn.phase;
    }
}

}  // namespace

void forget_memory() { regions.clear(); }

void allow(void* start, size_t size, size_t grain, int argument) {
    const size_t count = (size + grain - 1) / grain;
    if (size) regions.push_back({(char*)start, size, grain, argument, Touches(count)});
}

void clear_shared_memory() {
    for (Region& region : regions)
        if (region.argument == SHARED_MEMORY) {
            memset(region.start, 0xFF, region.size);
            region.touches.forget();
        }
}

void atomic(void* at, unsigned size) { access(at, size, true, true); }

}  // namespace cpu

// What the compiler calls before each access to memory.
#define CHECK(size)                                                                            \
    extern "C" void __tsan_read##size(void* at) { cpu::access(at, size, false); }              \
    extern "C" void __tsan_write##size(void* at) { cpu::access(at, size, true); }              \
    extern "C" void __tsan_unaligned_read##size(void* at) { cpu::access(at, size, false); }    \
    extern "C" void __tsan_unaligned_write##size(void* at) { cpu::access(at, size, true); }
CHECK(1) CHECK(2) CHECK(4) CHECK(8) CHECK(16)
extern "C" void __tsan_read_range(void* at, unsigned long size) { cpu::access(at, size, false); }
extern "C" void __tsan_write_range(void* at, unsigned long size) { cpu::access(at, size, true); }
extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit() {}
