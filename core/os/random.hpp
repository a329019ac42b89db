#pragma once
#include <cstdint>

namespace delegate {

/// From the kernel, not to be guessed. Not std::random_device: linked statically, that needs glibc 2.36.
std::uint64_t random_bits();

}  // namespace delegate
