#include "core/mcp/input.hpp"

#include <algorithm>
#include <utility>

namespace delegate::mcp {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 250'000;

struct Size {
  std::size_t depth = 0, values = 0;
  bool has_nul = false;
};

/// Measures the text before a value is built. The result means nothing if it is not JSON, which the parser finds.
Size measure(std::string_view text) {
  Size size;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') size.has_nul = true;
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      size.depth = std::max(size.depth, ++depth);
      ++size.values;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == ',') {
      ++size.values;
    }
  }
  return size;
}

}  // namespace

Lines::Found Lines::take(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  keep(bytes.substr(0, end));
  if (end == std::string_view::npos) {
    bytes = {};
    return Found::nothing;
  }
  bytes.remove_prefix(end + 1);
  return end_line();
}

Lines::Found Lines::finish() {
  keep({});
  return line_.empty() && !overlong_ ? Found::nothing : end_line();
}

void Lines::keep(std::string_view part) {
  if (std::exchange(complete_, false)) {
    // Free the memory of an unusually long line.
    if (line_.capacity() > 1u << 20) line_ = {};
    line_.clear();
  }
  if (!overlong_ && part.size() <= longest_ - line_.size()) {
    line_ += part;
    return;
  }
  if (!std::exchange(overlong_, true)) {
    scanner_ = {};
    scanner_.read(line_);
    line_ = {};
  }
  scanner_.read(part);
}

Lines::Found Lines::end_line() {
  complete_ = true;
  return std::exchange(overlong_, false) ? Found::too_long : Found::line;
}

std::variant<Json, Refusal> read_json(std::string_view line) {
  const Size size = measure(line);
  // The parser would take a NUL for the end of the text.
  if (size.has_nul) return Refusal{ErrorCode::parse_error, "a NUL byte is no JSON"};
  if (size.depth > kDeepest)
    return Refusal{ErrorCode::invalid_request, "nested deeper than " + std::to_string(kDeepest)};
  if (size.values > kMostValues)
    return Refusal{ErrorCode::invalid_request, "more than " + std::to_string(kMostValues) + " values"};
  try {
    // Parsed into a sorted object first: adding to an ordered one takes time linear in its size.
    return Json(nlohmann::json::parse(line));
  } catch (const nlohmann::json::exception&) {
    return Refusal{ErrorCode::parse_error, "not JSON"};
  }
}

}  // namespace delegate::mcp
