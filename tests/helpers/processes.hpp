#pragma once
#include <sys/types.h>

#include <fstream>
#include <string>

namespace delegate_tests {

/// Killed processes vanish when their parent (init, for orphans) has reaped them. A zombie (Z) is gone as well, and so
/// is one that is being reaped (X): that can be seen for a moment after the zombie.
inline bool is_running(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  const char state = line.at(line.rfind(") ") + 2);
  return state != 'Z' && state != 'X';
}

}  // namespace delegate_tests
