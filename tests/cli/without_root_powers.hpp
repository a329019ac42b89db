#pragma once
#include <unistd.h>

#include <string>
#include <vector>

namespace delegate::test {

/// For Cli::started_by: makes file permissions apply to root as they do to every other user.
inline std::vector<std::string> without_root_powers() {
  if (::geteuid() != 0) return {};
  const std::string less = "-dac_override,-dac_read_search";
  return {"/usr/bin/setpriv", "--inh-caps=" + less, "--bounding-set=" + less, "--"};
}

}  // namespace delegate::test
