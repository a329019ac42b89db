#include "core/os/process_table.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/process_stat.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestProcessFile = 8u << 20;

std::string proc_file(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

/// The texts in it, each closed by a zero byte.
std::vector<std::string> texts_in(const std::string& file) {
  const auto block = read_file(file, kLargestProcessFile);
  std::vector<std::string> texts;
  if (!block || block->empty()) return texts;
  for (const std::string_view one : split(*block, '\0')) texts.emplace_back(one);
  if (texts.back().empty()) texts.pop_back();
  return texts;
}

std::string value_of(pid_t pid, const std::string& variable) {
  for (const std::string& entry : texts_in(proc_file(pid, "environ")))
    if (entry.starts_with(variable + "=")) return entry.substr(variable.size() + 1);
  return {};
}

}  // namespace

Result<std::vector<ProcessEntry>> process_table(const std::string& variable) {
  std::vector<ProcessEntry> all;
  for (const pid_t pid : all_processes()) {
    const auto stat = read_stat(std::to_string(pid));
    if (!stat) continue;
    struct stat owner {};
    ProcessEntry entry{.pid = pid,
                       .parent = stat->parent,
                       .start_time = stat->start_time,
                       .is_zombie = stat->state == 'Z' || stat->state == 'X',
                       .is_own = ::stat(proc_file(pid, "").c_str(), &owner) == 0 && owner.st_uid == ::geteuid(),
                       .name = stat->name,
                       .tag = {}};
    if (entry.is_own && !entry.is_zombie) entry.tag = value_of(pid, variable);
    all.push_back(std::move(entry));
  }
  const bool has_self =
      std::any_of(all.begin(), all.end(), [](const ProcessEntry& one) { return one.pid == ::getpid(); });
  if (!has_self) return fail(Code::unavailable, "/proc: does not list the processes of this machine");
  return all;
}

/// One that ends meanwhile leaves its children to another process, so the way up is gone again from the start.
std::vector<Ancestor> ancestors() {
  constexpr std::size_t kMost = 64;
  constexpr int kTries = 3;  // one that /proc hides is not there the next time either
  std::vector<Ancestor> all;
  int tries = 1;
  for (pid_t pid = ::getppid(); pid > 0 && all.size() < kMost;) {
    const auto stat = read_stat(std::to_string(pid));
    if (stat) {
      all.push_back({.pid = pid, .name = stat->name, .leads_session = stat->session == pid});
      pid = stat->parent;
    } else if (tries++ < kTries) {
      all.clear();
      pid = ::getppid();
    } else {
      break;
    }
  }
  return all;
}

std::vector<std::string> arguments_of(pid_t pid) { return texts_in(proc_file(pid, "cmdline")); }

std::map<std::string, std::string> environment_of(pid_t pid) {
  std::map<std::string, std::string> variables;
  for (const std::string& entry : texts_in(proc_file(pid, "environ")))
    if (const std::size_t sign = entry.find('='); sign != std::string::npos)
      variables[entry.substr(0, sign)] = entry.substr(sign + 1);
  return variables;
}

std::int64_t clock_ticks_per_second() { return ::sysconf(_SC_CLK_TCK); }

}  // namespace delegate
