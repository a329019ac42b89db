#include "tests/fuzz/steps.hpp"

#include <algorithm>
#include <cstddef>

// The linker puts these in the place of what the instrumented code calls (tests/fuzz/CMakeLists.txt).
namespace {
std::uint64_t steps = 0;

/// Bytes that the C library looks at or moves at once.
constexpr std::size_t kAtOnce = 16;
void add_bytes(std::size_t bytes) { steps += 1 + bytes / kAtOnce; }

/// Before the first difference.
std::size_t equal_bytes(const void* a, const void* b, std::size_t size) {
  const auto* first = static_cast<const char*>(a);
  return static_cast<std::size_t>(std::mismatch(first, first + size, static_cast<const char*>(b)).first - first);
}
}  // namespace

std::uint64_t delegate::fuzz::steps_taken() { return steps; }

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's
void __wrap___sanitizer_cov_trace_cmp1(std::uint8_t, std::uint8_t) { ++steps; }
void __wrap___sanitizer_cov_trace_cmp2(std::uint16_t, std::uint16_t) { ++steps; }
void __wrap___sanitizer_cov_trace_cmp4(std::uint32_t, std::uint32_t) { ++steps; }
void __wrap___sanitizer_cov_trace_cmp8(std::uint64_t, std::uint64_t) { ++steps; }
void __wrap___sanitizer_cov_trace_const_cmp1(std::uint8_t, std::uint8_t) { ++steps; }
void __wrap___sanitizer_cov_trace_const_cmp2(std::uint16_t, std::uint16_t) { ++steps; }
void __wrap___sanitizer_cov_trace_const_cmp4(std::uint32_t, std::uint32_t) { ++steps; }
void __wrap___sanitizer_cov_trace_const_cmp8(std::uint64_t, std::uint64_t) { ++steps; }
void __wrap___sanitizer_cov_trace_switch(std::uint64_t, std::uint64_t*) { ++steps; }

void* __real_memchr(const void* text, int byte, std::size_t size);
void* __wrap_memchr(const void* text, int byte, std::size_t size) {
  void* found = __real_memchr(text, byte, size);
  add_bytes(found == nullptr ? size
                             : static_cast<std::size_t>(static_cast<char*>(found) - static_cast<const char*>(text)));
  return found;
}
int __real_memcmp(const void* a, const void* b, std::size_t size);
int __wrap_memcmp(const void* a, const void* b, std::size_t size) {
  add_bytes(equal_bytes(a, b, size));
  return __real_memcmp(a, b, size);
}
int __real_bcmp(const void* a, const void* b, std::size_t size);
int __wrap_bcmp(const void* a, const void* b, std::size_t size) {
  add_bytes(equal_bytes(a, b, size));
  return __real_bcmp(a, b, size);
}
void* __real___asan_memcpy(void* to, const void* from, std::size_t size);
void* __wrap___asan_memcpy(void* to, const void* from, std::size_t size) {
  add_bytes(size);
  return __real___asan_memcpy(to, from, size);
}
void* __real___asan_memmove(void* to, const void* from, std::size_t size);
void* __wrap___asan_memmove(void* to, const void* from, std::size_t size) {
  add_bytes(size);
  return __real___asan_memmove(to, from, size);
}
void* __real___asan_memset(void* to, int byte, std::size_t size);
void* __wrap___asan_memset(void* to, int byte, std::size_t size) {
  add_bytes(size);
  return __real___asan_memset(to, byte, size);
}
// NOLINTEND(bugprone-reserved-identifier)
}
