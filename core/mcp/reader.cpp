#include "core/mcp/reader.hpp"

#include <cstddef>

namespace delegate::mcp {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 250'000;

struct Size {
  std::size_t depth = 0, values = 0;
  bool has_nul = false;
};

/// Measures before anything is built. Of what is no JSON it may measure nonsense, which the parser then refuses.
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

std::variant<Json, Refusal> read_json(std::string_view line) {
  const Size size = measure(line);
  // The parser takes a NUL for the end of the text and would not look at what follows.
  if (size.has_nul) return Refusal{ErrorCode::parse_error, "a NUL byte is no JSON"};
  if (size.depth > kDeepest)
    return Refusal{ErrorCode::invalid_request, "nested deeper than " + std::to_string(kDeepest)};
  if (size.values > kMostValues)
    return Refusal{ErrorCode::invalid_request, "more than " + std::to_string(kMostValues) + " values"};
  try {
    // Sorted first: an object that keeps its order looks through all its members for each new one.
    return Json(nlohmann::json::parse(line));
  } catch (const nlohmann::json::exception&) {
    return Refusal{ErrorCode::parse_error, "not JSON"};
  }
}

std::string echoed(const std::string& text, std::size_t longest) {
  std::string out = text.substr(0, longest);
  if (out.size() == text.size()) return out;
  // Not in the middle of a character.
  while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
  if (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
  return out + "…";
}

}  // namespace delegate::mcp
