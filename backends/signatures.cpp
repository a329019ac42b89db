#include "backends/signatures.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::size_t kInspected = 32u << 10;      // of a longer text only the beginning and the end are searched
constexpr std::size_t kInspectedWords = 8u << 10;  // the same for the many patterns of the tables: time grows fast
constexpr std::uint32_t kMostSteps = 50'000;       // per position: a configured pattern must not hang the program

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

// Bytes that are not UTF-8 match nothing.
constexpr std::uint32_t kOptions = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;

enum class Case : std::uint32_t { matters = 0, ignored = PCRE2_CASELESS };

using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compile(std::string_view pattern, Case letters) {
  int error = 0;
  PCRE2_SIZE where = 0;
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(pattern.data());
  return Code(
      pcre2_compile(bytes, pattern.size(), kOptions | static_cast<std::uint32_t>(letters), &error, &where, nullptr));
}

/// A built-in pattern, compiled once, because a CLI may print thousands of errors. Lives as long as the program.
const pcre2_code* compiled(const char* pattern) {
  static std::mutex mutex;
  static std::map<std::string_view, Code> codes;
  const std::lock_guard lock(mutex);
  Code& code = codes[pattern];
  if (!code) code = compile(pattern, Case::ignored);
  return code.get();
}

/// The captured groups of the first match (0 is the whole match); empty if there is none.
std::vector<std::string> groups(const pcre2_code* code, std::string_view text) {
  if (code == nullptr) return {};
  const std::unique_ptr<pcre2_match_data, FreeMatch> found(pcre2_match_data_create_from_pattern(code, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeContext> limits(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(limits.get(), kMostSteps);
  const int count =
      pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, found.get(), limits.get());
  std::vector<std::string> out;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(found.get());
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
    const std::size_t from = ends[2 * i];
    const std::size_t to = ends[2 * i + 1];
    out.emplace_back(from == PCRE2_UNSET ? std::string_view() : text.substr(from, to - from));
  }
  return out;
}

std::string inspected_part(std::string_view text, std::size_t most = kInspected) {
  if (text.size() <= most) return std::string(text);
  const std::size_t half = most / 2;
  return std::string(text.substr(0, half)).append("\n").append(text.substr(text.size() - half));
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

}  // namespace

bool matches(const std::string& pattern, std::string_view text) {
  return !groups(compile(pattern, Case::matters).get(), inspected_part(text)).empty();
}

bool matches(const Signature& signature, std::string_view text) {
  return !groups(compiled(signature.pattern), plain_words(text)).empty();
}

std::string plain_words(std::string_view text) {
  const std::string looked = inspected_part(text, kInspectedWords);
  std::string out;
  for (std::size_t at = 0; at < looked.size();) {
    if (const std::size_t length = length_of_address(looked, at); length > 0) at += length;
    else if (!take_plain(looked, at, out)) out += looked[at++];
  }
  return out;
}

const Signature* find(std::span<const Family> families, std::string_view text) {
  if (text.empty()) return nullptr;
  const std::string looked = plain_words(text);
  for (const Family& family : families)
    for (const Signature& signature : family)
      if (!groups(compiled(signature.pattern), looked).empty()) return &signature;
  return nullptr;
}

std::string captured(const std::string& pattern, std::string_view text) {
  const auto found = groups(compile(pattern, Case::matters).get(), inspected_part(text));
  return found.size() < 2 ? std::string() : found[1];
}

}  // namespace delegate
