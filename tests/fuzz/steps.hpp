#pragma once
#include <cstdint>

namespace delegate::fuzz {

/// How much work the program has done: comparisons (which the instrumentation of the fuzzer reports), and blocks of
/// bytes that were searched, compared or moved. The same work is always the same number.
std::uint64_t steps_taken();

}  // namespace delegate::fuzz
