#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/duration.hpp"

// Figures as the cells of tables for people.
namespace delegate::cli {

/// What the text is printed to.
struct Page {
  milliseconds now{0};       // wall
  int columns = 0;           // lines are cut to this; 0: not cut
  bool painted = false;      // with colours
  bool unicode = false;      // more than ASCII
  bool is_terminal = false;  // control characters in stored text are escaped
};

inline constexpr const char* kUnknown = "-";

std::string with_thousands(std::int64_t number);  // "1,234"
std::string tokens(const std::optional<std::int64_t>& number);
std::string dollars(const std::optional<double>& cost);
std::string took(const std::optional<milliseconds>& duration);

/// One character, filled from below: 0 (empty) to 8 (full).
std::string bar_of_height(std::size_t eighths, bool unicode);

}  // namespace delegate::cli
