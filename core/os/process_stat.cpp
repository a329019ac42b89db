#include "core/os/process_stat.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <memory>

#include "core/base/text.hpp"
#include "core/os/clock.hpp"
#include "core/os/fd.hpp"

namespace delegate {
namespace {

/// /proc shows times since the boot that the reader's time namespace has.
std::int64_t ticks_ahead() {
  const auto offset = boot_clock_offset();
  if (offset.count() == 0) return 0;
  const auto per_second = std::max(::sysconf(_SC_CLK_TCK), 1L);
  const auto whole = std::chrono::floor<std::chrono::seconds>(offset);
  return whole.count() * per_second + (offset - whole).count() * per_second / 1'000'000'000;
}

/// Each start reads one of these lines for every process above it: opened, read and closed, nothing more. The kernel
/// gives the whole line at once. Nothing: there is no such process, or /proc hides it.
std::optional<std::string> stat_line(const std::string& pid) {
  std::array<char, 4096> line;  // 52 numbers and a name of 64 bytes
  const Fd file(::open(("/proc/" + pid + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = file ? ::read(file.get(), line.data(), line.size()) : -1;
  if (size <= 0) return std::nullopt;
  return std::string(line.data(), static_cast<std::size_t>(size));
}

}  // namespace

bool is_ending(const ProcessStat& stat) {
  // These two flags are among those that /proc has always shown (include/linux/sched.h).
  constexpr std::uint64_t kExiting = 0x4;           // PF_EXITING
  constexpr std::uint64_t kKilledBySignal = 0x400;  // PF_SIGNALED
  constexpr std::uint64_t kPendingKill = std::uint64_t{1} << (SIGKILL - 1);
  return stat.state == 'Z' || stat.state == 'X' || (stat.flags & (kExiting | kKilledBySignal)) != 0 ||
         (stat.pending & kPendingKill) != 0;
}

/// The second field of the line is the name in parentheses, which may itself contain spaces and parentheses: the other
/// fields start after the last one.
std::optional<ProcessStat> read_stat(const std::string& pid) {
  const auto line = stat_line(pid);
  if (!line) return std::nullopt;
  const std::size_t name_begin = line->find(" (");
  const std::size_t name_end = line->rfind(") ");
  if (name_begin == std::string::npos || name_end == std::string::npos || name_end < name_begin) return std::nullopt;
  const auto fields = split(trim(std::string_view(*line).substr(name_end + 2)), ' ');  // from field 3 on
  if (fields.size() < 29 || fields[0].empty()) return std::nullopt;
  const auto parent = parse_number<pid_t>(fields[1]);
  const auto session = parse_number<pid_t>(fields[3]);
  const auto start_time = parse_number<std::int64_t>(fields[19]);
  if (!parent || !session || !start_time) return std::nullopt;
  return ProcessStat{.state = fields[0][0],
                     .parent = *parent,
                     .session = *session,
                     .flags = parse_number<std::uint64_t>(fields[6]).value_or(0),
                     .pending = parse_number<std::uint64_t>(fields[28]).value_or(0),
                     .start_time = *start_time - ticks_ahead(),
                     .name = line->substr(name_begin + 2, name_end - name_begin - 2)};
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), ::closedir);
  if (!directory) return pids;
  // glibc's readdir is safe for streams of one thread's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* entry = ::readdir(directory.get()))
    if (const auto pid = parse_number<pid_t>(entry->d_name)) pids.push_back(*pid);
  return pids;
}

}  // namespace delegate
