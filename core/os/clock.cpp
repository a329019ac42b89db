#include "core/os/clock.hpp"

#include <sys/stat.h>

#include <charconv>
#include <ctime>
#include <limits>
#include <vector>

#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

nanoseconds read_clock(clockid_t id) {
  timespec now{};
  ::clock_gettime(id, &now);
  return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

milliseconds in_milliseconds(nanoseconds time) { return std::chrono::floor<milliseconds>(time); }

std::int64_t signed_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

nanoseconds read_offset() {
  constexpr ino_t kHost = 0xEFFFFFFA;  // PROC_TIME_INIT_INO: the same in all kernels
  struct stat own {};
  if (::stat("/proc/self/ns/time", &own) != 0 || own.st_ino == kHost) return {};
  const auto offsets = read_file("/proc/self/timens_offsets", 4096);
  return offsets ? boot_clock_offset_in(*offsets) : nanoseconds(0);
}

/// Read at the first look at the clock, which few commands take. Without /proc the id stays empty; a clock behind its
/// anchor then counts as another boot.
const std::string& boot_id() {
  static const std::string id = [] {
    const auto text = read_file("/proc/sys/kernel/random/boot_id", 4096);
    return text ? std::string(trim(*text)) : std::string();
  }();
  return id;
}

}  // namespace

nanoseconds boot_clock_offset_in(std::string_view timens_offsets) {
  for (const std::string_view line : split(timens_offsets, '\n')) {
    std::vector<std::string_view> words;  // name, seconds, nanoseconds
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
    if (words.size() == 3 && words[0] == "boottime")
      return seconds(signed_number(words[1])) + nanoseconds(signed_number(words[2]));
  }
  return {};
}

nanoseconds boot_clock_offset() {
  static const nanoseconds offset = read_offset();  // a process stays in its time namespace
  return offset;
}

std::chrono::milliseconds wall_now() { return in_milliseconds(read_clock(CLOCK_REALTIME)); }

HostTime SystemClock::now() const {
  return HostTime{.boot_id = boot_id(),
                  .boot = in_milliseconds(read_clock(CLOCK_BOOTTIME) - boot_clock_offset()),
                  .wall = wall_now()};
}

}  // namespace delegate
