#include "core/mcp/id_scanner.hpp"

namespace delegate::mcp {
namespace {

constexpr std::size_t kLongestToken = 1100;  // more than the longest id

}  // namespace

void IdScanner::read(std::string_view bytes) {
  for (const char c : bytes) take(c);
}

void IdScanner::take(char c) {
  if (in_string_) {
    keep(c);
    if (is_escaped_) is_escaped_ = false;
    else if (c == '\\') is_escaped_ = true;
    else if (c == '"') in_string_ = false;
    return;
  }
  switch (c) {
    case ' ':
    case '\t':
    case '\r': return;
    case '"': in_string_ = true; return keep(c);
    case '{':
    case '[':
      if (depth_ == 0) is_array_ = is_array_ || c == '[';
      else keep(c);  // what it begins is no id
      ++depth_;
      return;
    case '}':
    case ']':
      if (depth_ > 0) --depth_;
      if (depth_ == 0) end_member();
      return;
    case ',':
      if (depth_ == 1) end_member();
      return;
    case ':':
      if (depth_ != 1 || is_in_value_) return keep(c);
      key_.swap(token_);
      token_.clear();
      is_in_value_ = true;
      return;
    default: return keep(c);
  }
}

/// Of the outermost object only; a token that is longer than any id loses its end, and with it its form.
void IdScanner::keep(char c) {
  if (depth_ == 1 && token_.size() < kLongestToken) token_ += c;
}

/// Of members with the same name the last one counts, as for the parser.
void IdScanner::end_member() {
  if (key_ == "\"method\"") has_method_ = token_.starts_with('"');
  if (key_ == "\"id\"") {
    const Json id = Json::parse(token_, nullptr, false);
    id_ = !id.is_discarded() && is_id(id) ? std::optional(id) : std::nullopt;
  }
  key_.clear();
  token_.clear();
  is_in_value_ = false;
}

}  // namespace delegate::mcp
