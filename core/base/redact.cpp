#include "core/base/redact.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::string_view kMask = "[redacted]";
constexpr std::size_t kShortestValue = 8;  // shorter values would blot out ordinary words
constexpr std::size_t kShortestKeyTail = 12;
constexpr std::array<std::string_view, 9> kEndings{"_API_KEY",    "_TOKEN",      "_SECRET",
                                                   "_PASSWORD",   "_ACCESS_KEY", "_SECRET_KEY",
                                                   "_AUTH_TOKEN", "_PASSPHRASE", "_CREDENTIALS"};
constexpr std::array<std::string_view, 11> kPrefixes{"sk-",  "sk_", "AIza", "ghp_",  "gho_",   "github_pat_",
                                                     "xai-", "hf_", "gsk_", "ya29.", "Bearer "};

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// What a key may hold behind its first characters; base64 has more than its beginning shows.
bool is_token_char(char c) { return is_key_char(c) || c == '+' || c == '/' || c == '=' || c == '~'; }

void mask_key_after(std::string& text, std::string_view prefix) {
  const bool is_token = prefix == "Bearer ";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const bool inside_a_word = at > 0 && is_key_char(text[at - 1]);
    std::size_t end = at + prefix.size();
    while (end < text.size() && (is_token ? is_token_char(text[end]) : is_key_char(text[end]))) ++end;
    if (inside_a_word || end - at - prefix.size() < kShortestKeyTail) continue;
    text.replace(at, end - at, kMask);
  }
}

}  // namespace

bool is_secret_name(std::string_view name) {
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

Redactor::Redactor(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment)
    if (is_secret_name(name) && value.size() >= kShortestValue) values_.push_back(value);
  std::sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::operator()(std::string text) const {
  for (const std::string& value : values_)
    for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + kMask.size()))
      text.replace(at, value.size(), kMask);  // gone on behind the mask, which may hold the value itself
  for (const std::string_view prefix : kPrefixes) mask_key_after(text, prefix);
  return text;
}

}  // namespace delegate
