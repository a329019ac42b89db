#include "core/os/inherited.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace delegate {

std::map<std::string, std::string> inherited_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    if (const char* equals = std::strchr(*entry, '='))
      out.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  return out;
}

void keep_standard_streams_apart() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));  // takes the lowest free number
}

}  // namespace delegate
