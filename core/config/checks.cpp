#include "core/config/checks.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>

#include "core/base/text.hpp"
#include "core/config/quiet_hours.hpp"

namespace delegate::config {
namespace {

constexpr std::string_view kAlphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::array<std::string_view, 2> kStores = {"sqlite", "memory"};
constexpr std::size_t kLongestPattern = 4096;
constexpr std::size_t kRepeats = 64;          // of a character, in the texts that a pattern is tried on
constexpr std::uint32_t kMostSteps = 50'000;  // as in a run: a pattern that needs more matches nothing there

Complaints complain(std::string what, std::string hint = {}) {
  return {Complaint{std::move(what), std::move(hint), {}, {}}};
}

using PatternCode = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;

/// A failure to match must not depend on a shortcut that another text does not allow.
PatternCode compile_strictly(const std::string& pattern, int& error, std::size_t& offset) {
  constexpr std::uint32_t kStrict = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_NO_START_OPTIMIZE;
  return {
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), kStrict, &error, &offset, nullptr),
      pcre2_code_free};
}

bool exceeds_limit(const pcre2_code* code, const std::string& text) {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> found(
      pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
  const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> limits(
      pcre2_match_context_create(nullptr), pcre2_match_context_free);
  pcre2_set_match_limit(limits.get(), kMostSteps);
  const auto* bytes = reinterpret_cast<PCRE2_SPTR>(text.data());
  return pcre2_match(code, bytes, text.size(), 0, 0, found.get(), limits.get()) == PCRE2_ERROR_MATCHLIMIT;
}

/// Nested repeats show on a text that repeats one character and then goes on differently: (a+)+$ on "aaaa…!".
bool backtracks_too_much(const pcre2_code* code, const std::string& pattern) {
  std::string tried = "a0 ";
  for (const char c : pattern)
    if (kAlphanumeric.find(c) != std::string_view::npos && tried.find(c) == std::string::npos) tried += c;
  return std::any_of(tried.begin(), tried.end(),
                     [&](char c) { return exceeds_limit(code, std::string(kRepeats, c) + "\x01"); });
}

/// One of `first`, then at most `longest - 1` characters that are alphanumeric or in `more`.
bool is_name(std::string_view text, std::string_view first, std::string_view more, std::size_t longest) {
  if (text.empty() || text.size() > longest || first.find(text.front()) == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kAlphanumeric.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

bool is_blank_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }
bool has_blank(std::string_view text) { return std::any_of(text.begin(), text.end(), is_blank_or_control); }

/// `/a/b~1c` (RFC 6901).
bool is_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1))
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  return true;
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// `host`, `host:port`, `[::1]:port`, with `user@` before it or not.
bool is_authority(std::string_view text) {
  text.remove_prefix(text.rfind('@') + 1);  // npos + 1 is 0
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos || bracket == 1) return false;
  const std::size_t colon = text.find(':', bracket);
  if (bracket > 0 && bracket + 1 != std::min(colon, text.size())) return false;
  if (colon == std::string_view::npos) return !text.empty();
  return colon > 0 && is_port(text.substr(colon + 1));
}

}  // namespace

std::string in_quotes(std::string_view text) { return '"' + one_line(text.substr(0, 400), 80) + '"'; }

std::string suggestion(std::string_view typed, const std::vector<std::string>& candidates) {
  return did_you_mean(nearest(typed, candidates));
}

Complaints check_choice(const std::string& text, Choices choices) {
  const std::vector<std::string> known(choices.begin(), choices.end());
  if (std::find(known.begin(), known.end(), text) != known.end()) return {};
  return complain("must be one of " + join(known, ", ") + ", is " + in_quotes(text), suggestion(text, known));
}

Complaints check_unique(const std::vector<std::string>& texts) {
  Complaints complaints;
  std::map<std::string_view, std::size_t> seen;  // a project's file may list very many
  for (const std::string& text : texts)
    if (++seen[text] == 2) complaints.push_back({in_quotes(text) + " is listed more than once", {}, {}, {}});
  return complaints;
}

Complaints check_command(const std::vector<std::string>& argv) {
  if (argv.empty() || argv.front().empty())
    return complain("must not be empty", "the executable's name or absolute path comes first");
  const std::string& program = argv.front();
  if (program.starts_with('/')) return {};
  if (program.find('/') != std::string::npos)
    return complain("must be a name on PATH or an absolute path, is " + in_quotes(program), "write the absolute path");
  if (has_blank(program))
    return complain("must be one word, is " + in_quotes(program),
                    "write a command with arguments as a list: [\"name\", \"--option\"]");
  if (program.starts_with('-') || program == "." || program == "..")
    return complain("must begin with a name on PATH or an absolute path, is " + in_quotes(program));
  return {};
}

Complaints check_hook(const std::vector<std::string>& argv) {
  return argv.empty() ? Complaints{} : check_command(argv);
}

Complaints check_model(const std::string& text) {
  if (text.empty() || is_name(text, kAlphanumeric, "._:/@[]-", 200)) return {};
  return complain(in_quotes(text) + " cannot be a model's name",
                  "letters, digits and . _ : / @ [ ] -, a letter or digit first, at most 200");
}

Complaints check_variable(const std::string& text) {
  const bool good = is_name(text, "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "_", 1000);
  return good ? Complaints{} : complain(in_quotes(text) + " cannot be an environment variable's name");
}

Complaints check_variable_or_none(const std::string& text) {
  return text.empty() ? Complaints{} : check_variable(text);
}

Complaints check_answer(const std::string& text) {
  if (text == "text") return {};
  for (const std::string_view format : {"json:", "jsonl:"})
    if (text.starts_with(format) && is_pointer(std::string_view(text).substr(format.size()))) return {};
  return complain("must be text, json:/pointer or jsonl:/pointer, is " + in_quotes(text),
                  "a pointer names a member of the JSON: json:/result/text");
}

Complaints check_store(const std::string& text) {
  if (text == "redis") return complain("redis is not part of this build", "use \"sqlite\"");
  return check_choice(text, kStores);
}

Complaints check_path(const std::string& text) {
  if (text.empty() || text.starts_with('/') || text.starts_with("~/")) return {};
  return complain("must be absolute or begin with ~/, is " + in_quotes(text));
}

Complaints check_pattern(const std::string& text) {
  if (text.empty()) return complain("must not be empty", "it would match every error");
  if (text.size() > kLongestPattern) return complain("is longer than " + std::to_string(kLongestPattern) + " bytes");
  int error = 0;
  std::size_t offset = 0;
  const PatternCode code = compile_strictly(text, error, offset);
  if (code && backtracks_too_much(code.get(), text))
    return complain(in_quotes(text) + " takes too long to match", "avoid repeats inside repeats, such as (a+)+");
  if (code) return {};
  std::array<PCRE2_UCHAR, 200> reason{};
  pcre2_get_error_message(error, reason.data(), reason.size());
  return complain(in_quotes(text) + " is not a regular expression: " + reinterpret_cast<const char*>(reason.data()) +
                  " (at offset " + std::to_string(offset) + ")");
}

Complaints check_http_url(const std::string& text) {
  std::string_view rest = text;
  for (const std::string_view scheme : {"http://", "https://"})
    if (lower(rest.substr(0, scheme.size())) == scheme) rest.remove_prefix(scheme.size());
  const bool has_scheme = rest.size() < text.size();
  if (has_scheme && !has_blank(rest) && is_authority(rest.substr(0, rest.find_first_of("/?#")))) return {};
  return complain("must be a URL that begins with http:// or https:// and names a host, is " + in_quotes(text),
                  "like http://127.0.0.1:8080");
}

Complaints check_ollama_host(const std::string& text) {
  if (!has_blank(text)) return {};
  return complain("must be a URL, host, host:port or :port, is " + in_quotes(text), "like http://127.0.0.1:11434");
}

Complaints check_backend_name(const std::string& text) {
  if (text == "auto") return complain("\"auto\" cannot be a backend's name", "it means: the backends of router.order");
  if (is_name(text, kAlphanumeric, "_-", 64)) return {};
  return complain(in_quotes(text) + " cannot be a backend's name",
                  "letters, digits, _ and -, a letter or digit first, at most 64");
}

Complaints check_share(const std::string& text) {
  const Result<double> share = parse_share(text);
  return share ? Complaints{} : complain(share.error().what, share.error().hint);
}

Complaints check_quiet_hours(const std::string& text) {
  if (text.empty()) return {};
  const auto hours = quiet_hours_of(text);
  if (!hours) return complain("must be two times of day, is " + in_quotes(text), "like \"22:00-07:00\"");
  if (hours->begin == hours->end)
    return complain("both times are the same, " + in_quotes(text), "\"00:00-24:00\" is the whole day");
  return {};
}

}  // namespace delegate::config
