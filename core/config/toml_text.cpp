#include "core/config/toml_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace delegate::config {
namespace {

/// Invisible characters, and those that make text look different from what a program reads.
bool is_hidden(std::uint32_t code) {
  constexpr std::array<std::array<std::uint32_t, 2>, 8> kHidden = {{{0x00, 0x1F},
                                                                    {0x7F, 0x9F},
                                                                    {0xAD, 0xAD},
                                                                    {0x200B, 0x200F},
                                                                    {0x2028, 0x202E},
                                                                    {0x2060, 0x206F},
                                                                    {0xFEFF, 0xFEFF},
                                                                    {0xE0000, 0xE007F}}};
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [code](const auto& range) { return code >= range[0] && code <= range[1]; });
}

std::string escape(std::uint32_t code) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const int digits = code > 0xFFFF ? 8 : 4;
  std::string out = digits == 8 ? "\\U" : "\\u";
  for (int digit = digits - 1; digit >= 0; --digit) out += kDigits[code >> (4 * digit) & 0xF];
  return out;
}

std::string toml_key(const std::string& key) {
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), is_bare) ? key : toml_string(key);
}

struct ToToml {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const {
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
  }
  std::string operator()(const std::string& text) const { return toml_string(text); }
  std::string operator()(Foreign foreign) const { return "(" + std::string(foreign.name) + ")"; }
  std::string operator()(const Node::List& list) const {
    std::vector<std::string> parts;
    for (const Node& node : list) parts.push_back(toml_text(node));
    return "[" + join(parts, ", ") + "]";
  }
  std::string operator()(const Node::Table& table) const {
    std::vector<std::string> parts;
    for (const Node::Member& member : table) parts.push_back(toml_key(member.key) + " = " + toml_text(member.value));
    return parts.empty() ? "{}" : "{ " + join(parts, ", ") + " }";
  }
};

}  // namespace

std::string toml_string(std::string_view text) {
  const std::string valid = valid_utf8(text);
  std::string out = "\"";
  for (std::string_view rest = valid; !rest.empty();) {
    const CodePoint point = take_code_point(rest);
    if (is_hidden(point.value)) {
      out += escape(point.value);
    } else {
      if (point.value == '"' || point.value == '\\') out += '\\';
      out += point.bytes;
    }
  }
  return out + '"';
}

std::string toml_text(const Node& node) { return std::visit(ToToml{}, node.value); }

}  // namespace delegate::config
