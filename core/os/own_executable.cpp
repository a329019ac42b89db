#include "core/os/own_executable.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include <filesystem>

namespace delegate {

std::string own_executable() {
  std::string link = "/proc/self/exe";
  const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));  // NOLINT: it is one
  if (started == nullptr || ::access(link.c_str(), X_OK) == 0) return link;
  std::error_code unknown;
  const auto file = std::filesystem::canonical(started, unknown);
  return unknown ? link : file.string();
}

}  // namespace delegate
