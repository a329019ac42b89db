#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/mcp/fixture.hpp"

using namespace delegate::mcp;

namespace {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// For poll: -1 without an end.
int milliseconds_until(std::optional<fixture::Fixture::Moment> moment) {
  if (!moment) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*moment - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

int main() {
  fixture::Fixture service;
  Connection connection(service);
  service.serve(connection);
  std::array<char, 65536> buffer{};
  for (;;) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, milliseconds_until(service.wake())) > 0) {
      const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (size <= 0) break;
      connection.feed({buffer.data(), static_cast<std::size_t>(size)});
    }
    service.advance();
    if (!write_all(connection.take_output())) return 1;
  }
  connection.end_of_input();
  return write_all(connection.take_output()) ? 0 : 1;
}
