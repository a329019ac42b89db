#include "core/run/prompt.hpp"

#include <cstdint>

#include "core/base/text.hpp"

namespace delegate {
namespace {

/// `file`, or the first of `file-2`, `file-3`, … whose closing tag is not in the text.
std::string tag_for(const std::string& word, const std::string& text) {
  std::string tag = word;
  for (int number = 2; text.find("</" + tag + ">") != std::string::npos; ++number)
    tag = word + "-" + std::to_string(number);
  return tag;
}

std::string in_quotes(const std::string& name) {
  std::string out = "\"";
  for (const char c : one_line(name)) {
    if (c == '"') out += "&quot;";
    else out += c;
  }
  return out + "\"";
}

void append(std::string& out, const Material& material) {
  const bool is_file = !material.name.empty();
  const std::string tag = tag_for(is_file ? "file" : "context", material.text);
  out += "\n<" + tag + (is_file ? " name=" + in_quotes(material.name) : "") + ">\n" + material.text;
  if (!out.ends_with('\n')) out += '\n';
  out += "</" + tag + ">\n";
}

/// FNV-1a.
std::uint64_t hashed(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::string mark_of(std::string_view prompt, std::string_view backend) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325u;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t hash = hashed(hashed(hashed(kBasis, backend), std::string_view("\0", 1)), prompt);
  hash ^= hash >> 32;
  hash ^= hash >> 16;
  std::string mark;
  for (int i = 0; i < 4; ++i, hash >>= 4) mark += kDigits[hash & 15];
  return mark;
}

std::string whole_prompt(const Request& request) {
  if (request.materials.empty()) return request.prompt;
  std::string out = request.prompt + "\n";
  for (const Material& material : request.materials) append(out, material);
  return out;
}

}  // namespace delegate
