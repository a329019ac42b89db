#include "backends/signatures.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/run/pattern.hpp"

namespace delegate {
namespace {

constexpr std::size_t kInspectedWords = 8u << 10;  // of a longer text its beginning and end: time grows fast

bool is_found(const Signature& signature, const std::string& plain) {
  return !first_match(signature.pattern, Case::ignored, plain).empty();
}

struct Plain {
  std::string_view odd;
  std::string_view plain;
};
/// Spaces, quotes and hyphens that a typesetter likes better than a keyboard does.
constexpr Plain kPlain[] = {
    {"\u00a0", " "}, {"\u2007", " "},  {"\u2009", " "},  {"\u200a", " "}, {"\u2002", " "}, {"\u2003", " "},
    {"\u202f", " "}, {"\u3000", " "},  {"\u200b", ""},   {"\ufeff", ""},  {"\u2018", "'"}, {"\u2019", "'"},
    {"\u02bc", "'"}, {"\u201c", "\""}, {"\u201d", "\""}, {"\u2010", "-"}, {"\u2011", "-"},
};

/// Puts the plain form of an odd character at `at` into `out`, and moves `at` behind it.
bool take_plain(std::string_view text, std::size_t& at, std::string& out) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return false;
  for (const Plain& one : kPlain) {
    if (!text.substr(at).starts_with(one.odd)) continue;
    out += one.plain;
    at += one.odd.size();
    return true;
  }
  return false;
}

/// The length of the address that begins at `at`; 0: there is none.
std::size_t length_of_address(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const std::string beginning = lower(rest.substr(0, 8));
  if (!beginning.starts_with("http://") && !beginning.starts_with("https://")) return 0;
  return std::min(rest.find_first_of(" \t\r\n\"'<>()[]{}|"), rest.size());
}

/// The length of the path that begins at `at`; 0: there is none. "/login" is a command.
std::size_t length_of_path(std::string_view text, std::size_t at) {
  constexpr std::string_view kBefore = " \t\n\"'`(:=[";
  if (at > 0 && kBefore.find(text[at - 1]) == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at);
  const std::size_t root = rest.starts_with("/") ? 1 : rest.starts_with("~/") || rest.starts_with("./") ? 2 : 0;
  if (root == 0) return 0;
  const std::string_view path = rest.substr(0, rest.find_first_of(" \t\r\n\"'`)<>|,;"));
  return path.find('/', root) == std::string_view::npos ? 0 : path.size();
}

}  // namespace

std::string without_paths(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t length = length_of_path(text, at); length > 0) at += length;
    else out += text[at++];
  }
  return out;
}

bool matches(const Signature& signature, std::string_view text) { return is_found(signature, plain_words(text)); }

std::string plain_words(std::string_view text) {
  const std::string looked = inspected_part(text, kInspectedWords);
  std::string out;
  for (std::size_t at = 0; at < looked.size();) {
    if (const std::size_t length = length_of_address(looked, at); length > 0) at += length;
    else if (!take_plain(looked, at, out)) out += looked[at++];
  }
  return out;
}

std::optional<FoundWording> find(std::span<const Family> families, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::string looked = plain_words(text);
  for (const Family& family : families)
    for (const Signature& signature : family.rows)
      if (is_found(signature, looked)) return FoundWording{&signature, family.breadth};
  return std::nullopt;
}

}  // namespace delegate
