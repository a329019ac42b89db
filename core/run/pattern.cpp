#include "core/run/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>

namespace delegate {
namespace {

constexpr std::size_t kInspectedText = 32u << 10;  // of a longer text only the beginning and the end are searched
constexpr std::uint32_t kMostSteps = 50'000;       // per position: a configured pattern must not hang the program

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using CompiledPattern = std::unique_ptr<pcre2_code, FreeCode>;

// Bytes that are not UTF-8 match nothing.
constexpr std::uint32_t kPatternOptions = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;

CompiledPattern compile_pattern(std::string_view pattern, Case letters) {
  int error = 0;
  PCRE2_SIZE where = 0;
  const std::uint32_t options = kPatternOptions | (letters == Case::ignored ? PCRE2_CASELESS : 0u);
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(pattern.data());
  return CompiledPattern(pcre2_compile(bytes, pattern.size(), options, &error, &where, nullptr));
}

/// Lives as long as the program.
const pcre2_code* compiled_pattern(std::string_view pattern, Case letters) {
  static std::mutex mutex;
  static std::array<std::map<std::string, CompiledPattern, std::less<>>, 2> codes;
  const std::lock_guard lock(mutex);
  auto& known = codes[letters == Case::ignored ? 1 : 0];
  auto found = known.find(pattern);
  if (found == known.end()) found = known.emplace(std::string(pattern), compile_pattern(pattern, letters)).first;
  return found->second.get();
}

}  // namespace

std::vector<std::string> first_match(std::string_view pattern, Case letters, std::string_view text) {
  const pcre2_code* code = compiled_pattern(pattern, letters);
  if (code == nullptr) return {};
  const std::unique_ptr<pcre2_match_data, FreeMatch> found(pcre2_match_data_create_from_pattern(code, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeMatchContext> limits(pcre2_match_context_create(nullptr));
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

std::string inspected_part(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const std::size_t half = most / 2;
  return std::string(text.substr(0, half)).append("\n").append(text.substr(text.size() - half));
}

bool matches(const std::string& pattern, std::string_view text) {
  return !first_match(pattern, Case::matters, inspected_part(text, kInspectedText)).empty();
}

std::string captured(const std::string& pattern, std::string_view text) {
  const auto found = first_match(pattern, Case::matters, inspected_part(text, kInspectedText));
  return found.size() < 2 ? std::string() : found[1];
}

}  // namespace delegate
