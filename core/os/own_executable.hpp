#pragma once
#include <string>

namespace delegate {

/// An absolute path by which this very program can be started once more: /proc/self/exe, also when its file was
/// replaced by a newer one meanwhile; where /proc is not mounted, the file that was started.
std::string own_executable();

}  // namespace delegate
