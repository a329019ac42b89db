#include "cli/render/cells.hpp"

#include <array>

namespace delegate::cli {

std::string took(const std::optional<milliseconds>& duration) { return duration ? format_took(*duration) : kUnknown; }

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string tokens(const std::optional<std::int64_t>& number) { return number ? with_thousands(*number) : kUnknown; }

std::string dollars(const std::optional<double>& cost) {
  if (!cost) return kUnknown;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), *cost < 1 ? "$%.4f" : "$%.2f", *cost);
  return text.data();
}

std::string bar_of_height(std::size_t eighths, bool unicode) {
  static constexpr std::array<const char*, 9> kBars{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<const char*, 9> kPlain{" ", ".", ".", ":", ":", "|", "|", "#", "#"};
  return (unicode ? kBars : kPlain)[eighths];
}

}  // namespace delegate::cli
