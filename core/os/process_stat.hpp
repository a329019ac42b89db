#pragma once
#include <sys/types.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How /proc describes a process; for core/os alone.
namespace delegate {

struct ProcessStat {
  char state = '?';
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t flags = 0;      // PF_… of the kernel
  std::uint64_t pending = 0;    // signals, one bit each
  std::int64_t start_time = 0;  // clock ticks since the host's boot
  std::string name = {};        // at most 15 bytes
};

/// Nothing: there is no such process, or it cannot be read.
std::optional<ProcessStat> read_stat(const std::string& pid);

/// Ended, or killed: a process that was killed is listed as running until the kernel has freed its memory, but none of
/// its code runs any more.
bool is_ending(const ProcessStat& stat);

/// As /proc lists them; empty if it cannot be read.
std::vector<pid_t> all_processes();

/// The whole text as a number.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace delegate
