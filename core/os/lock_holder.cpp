#include "core/os/lock_holder.hpp"

#include <sys/stat.h>

#include <charconv>

#include "core/base/text.hpp"

namespace delegate {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields = split(line, ' ');
  std::erase(fields, std::string_view());
  return fields;
}

}  // namespace

/// "3: POSIX  ADVISORY  WRITE 4711 08:01:131090 120 120"
std::optional<pid_t> holder_of_write_lock(const Path& file, std::uint64_t byte) {
  struct stat facts {};
  const auto locks = read_file("/proc/locks");
  if (!locks || ::stat(file.c_str(), &facts) != 0) return std::nullopt;
  const std::string inode = ":" + std::to_string(facts.st_ino);
  for (const std::string_view line : split(*locks, '\n')) {
    const auto fields = fields_of(line);
    if (fields.size() < 8 || fields[3] != "WRITE" || !fields[5].ends_with(inode)) continue;
    const auto first = number_in<std::uint64_t>(fields[6]);
    const auto last =
        fields[7] == "EOF" ? std::optional<std::uint64_t>(UINT64_MAX) : number_in<std::uint64_t>(fields[7]);
    const auto pid = number_in<pid_t>(fields[4]);
    if (first && last && pid && *pid > 0 && *first <= byte && byte <= *last) return pid;
  }
  return std::nullopt;
}

}  // namespace delegate
