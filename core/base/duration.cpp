#include "core/base/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "core/base/text.hpp"

namespace delegate {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t in_milliseconds;
};
constexpr std::array kUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                            Unit{"ms", 1}};
constexpr double kLongest = 1e15;  // some 30,000 years: sums stay far from overflow

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits)
    if (unit.name == name) return &unit;
  return nullptr;
}

tl::unexpected<Error> bad(std::string_view text) {
  return fail(Code::invalid_argument, "'" + one_line(text, 80) + "' is not a duration",
              "write it like 250ms, 60s, 5m, 1h30m; a bare number is seconds");
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  double total = 0;
  if (text.empty()) return bad(whole);
  for (bool first = true; !text.empty(); first = false) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || !(number >= 0)) return bad(whole);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t digits = text.find_first_of("0123456789.-+");
    const std::string_view name = text.substr(0, digits);
    const bool bare_number = name.empty() && text.empty() && first;
    const Unit* unit = find_unit(bare_number ? "s" : name);
    if (unit == nullptr) return bad(whole);
    total += number * static_cast<double>(unit->in_milliseconds);
    if (!(total < kLongest)) return bad(whole);
    text.remove_prefix(name.size());
  }
  return milliseconds(std::llround(total));
}

std::string format_duration(milliseconds value) {
  std::int64_t left = value.count();
  if (left <= 0) return "0s";
  std::string out;
  for (const Unit& unit : kUnits) {
    if (left < unit.in_milliseconds) continue;
    out += std::to_string(left / unit.in_milliseconds).append(unit.name);
    left %= unit.in_milliseconds;
  }
  return out;
}

std::string format_wait(milliseconds value) {
  const std::int64_t seconds = value.count() <= 0 ? 0 : (value.count() - 1) / 1000 + 1;
  if (seconds < 60) return std::to_string(seconds) + " s";
  const auto both = [](std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
    std::string out = std::to_string(large) + large_unit;
    return small == 0 ? out : out + " " + std::to_string(small) + small_unit;
  };
  if (seconds < 3600) return both(seconds / 60, " m", seconds % 60, " s");
  const std::int64_t minutes = (seconds - 1) / 60 + 1;
  constexpr std::int64_t kDay = 1'440;
  if (minutes < kDay) return both(minutes / 60, " h", minutes % 60, " m");
  const std::int64_t hours = (minutes - 1) / 60 + 1;
  return both(hours / 24, " d", hours % 24, " h");
}

std::string format_took(milliseconds value) {
  if (value.count() < 1'000) return std::to_string(std::max<std::int64_t>(value.count(), 0)) + " ms";
  if (value.count() >= 10'000) return format_wait(milliseconds(value.count() / 1'000 * 1'000));
  return std::to_string(value.count() / 1'000) + "." + std::to_string(value.count() % 1'000 / 100) + " s";
}

std::string format_rfc3339(milliseconds since_epoch) {
  const std::int64_t total = since_epoch.count();
  const std::int64_t fraction = ((total % 1000) + 1000) % 1000;
  const std::time_t seconds = static_cast<std::time_t>((total - fraction) / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> out{};
  const std::size_t length = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out.data() + length, out.size() - length, ".%03dZ", static_cast<int>(fraction));
  return out.data();
}

std::string format_local(milliseconds since_epoch, const char* format) {
  const auto seconds = static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(since_epoch).count());
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace delegate
