#pragma once
#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

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

struct ChildSeen {
  pid_t pid = 0;
  bool is_zombie = false;
};

inline std::vector<ChildSeen> children_of(pid_t parent) {
  std::vector<ChildSeen> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    std::istringstream fields(line.substr(line.rfind(") ") + 2));
    char state = 0;
    pid_t of = 0;
    fields >> state >> of;
    if (of == parent) found.push_back({static_cast<pid_t>(std::stol(name)), state == 'Z'});
  }
  return found;
}

}  // namespace delegate_tests
