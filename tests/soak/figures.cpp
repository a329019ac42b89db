#include "tests/soak/figures.hpp"

#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/os/process.hpp"

namespace delegate::soak {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const char* directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(directory)) ++count;
  return count;
}

/// The parent of a process, from the fields after its name, which may contain anything; 0: it has ended.
int parent_of(const fs::path& process) {
  std::ifstream in(process / "stat");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= text.size()) return 0;
  return std::atoi(text.c_str() + name_end + 4);
}

std::size_t children(int not_ours) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && pid != not_ours && parent_of(entry.path()) == ::getpid()) ++count;
  }
  return count;
}

std::size_t resident_kb() {
  ::malloc_trim(0);  // free memory does not count
  std::ifstream in("/proc/self/statm");
  std::size_t pages = 0;
  std::size_t resident = 0;
  in >> pages >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace

Figures figures_now(StateStore& store, int not_ours) {
  Figures now{.fds = entries("/proc/self/fd"), .threads = entries("/proc/self/task"), .children = children(not_ours)};
  now.tagged = processes_tagged(kTag, kOuterRun + std::to_string(::getpid())).size();
  if (const auto reading = store.read())
    for (const auto& [name, state] : reading->backends) {
      now.slots += state.slots.size();
      if (state.breaker.probe) ++now.probes;
    }
  const struct mallinfo2 heap = ::mallinfo2();
  now.in_use_kb = (heap.uordblks + heap.hblkhd) / 1024;
  now.resident_kb = resident_kb();
  return now;
}

}  // namespace delegate::soak
