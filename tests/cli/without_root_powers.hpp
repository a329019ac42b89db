#pragma once
#include <unistd.h>

#include <string>
#include <vector>

namespace delegate::test {

/// For Cli::started_by: what root starts keeps to the permissions of files, as it does for every other user.
inline std::vector<std::string> without_root_powers() {
  if (::geteuid() != 0) return {};
  const std::string less = "-dac_override,-dac_read_search";
  return {"/usr/bin/setpriv", "--inh-caps=" + less, "--bounding-set=" + less, "--"};
}

}  // namespace delegate::test
