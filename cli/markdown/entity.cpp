#include "cli/markdown/entity.hpp"

#include <array>
#include <charconv>

#include "core/base/utf8.hpp"

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

std::string with_spaces(std::string_view line) {
  constexpr std::size_t kStop = 4;
  std::string out;
  for (std::size_t column = 0; !line.empty();) {
    const std::string_view bytes = take_code_point(line).bytes;
    const bool is_tab = bytes == "\t";
    const std::size_t columns = is_tab ? kStop - column % kStop : static_cast<std::size_t>(display_width(bytes));
    out += is_tab ? std::string(columns, ' ') : std::string(bytes);
    column += columns;
  }
  return out;
}

}  // namespace delegate::cli::markdown
