#include "cli/markdown/entity.hpp"

#include <array>
#include <charconv>

namespace delegate::cli::markdown {
namespace {

struct Named {
  std::string_view entity;
  std::string_view text;
};
constexpr std::array<Named, 12> kNamed = {{{"&amp;", "&"},
                                           {"&lt;", "<"},
                                           {"&gt;", ">"},
                                           {"&quot;", "\""},
                                           {"&apos;", "'"},
                                           {"&nbsp;", "\u00A0"},
                                           {"&mdash;", "—"},
                                           {"&ndash;", "–"},
                                           {"&hellip;", "…"},
                                           {"&rarr;", "→"},
                                           {"&times;", "×"},
                                           {"&copy;", "©"}}};

/// The printable ASCII character of this number; 0: it is another one.
char ascii_of(std::string_view digits, int base) {
  unsigned value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return end.ec == std::errc() && value >= 0x20 && value < 0x7F ? static_cast<char>(value) : '\0';
}

}  // namespace

std::string decoded_entity(std::string_view entity) {
  if (entity.starts_with("&#") && entity.size() > 3) {
    const bool is_hexadecimal = entity[2] == 'x' || entity[2] == 'X';
    const std::size_t begin = is_hexadecimal ? 3 : 2;
    const char ascii = ascii_of(entity.substr(begin, entity.size() - begin - 1), is_hexadecimal ? 16 : 10);
    return ascii != '\0' ? std::string(1, ascii) : std::string(entity);
  }
  for (const Named& one : kNamed)
    if (one.entity == entity) return std::string(one.text);
  return std::string(entity);
}

}  // namespace delegate::cli::markdown
