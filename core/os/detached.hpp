#pragma once
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace delegate {

struct DetachedSpec {
  std::string executable;         // absolute path
  std::vector<std::string> argv;  // whole, with the name at its head
  std::vector<std::string> env;   // NAME=value, complete
  int err = -1;                   // becomes its stderr; -1: /dev/null
};

/// Starts a process that nobody waits for: in a session of its own, with nothing on stdin and stdout, in the caller's
/// working directory, and no child of this process, so that none is left to be collected. An executable that cannot be
/// run is not noticed. Code::resource_exhausted: no room for another process.
Status start_detached(const DetachedSpec& spec);

}  // namespace delegate
