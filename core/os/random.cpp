#include "core/os/random.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>

namespace delegate {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) != 0) std::abort();  // only on kernels from before 2014
  return bits;
}

}  // namespace delegate
