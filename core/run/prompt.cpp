#include "core/run/prompt.hpp"

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

}  // namespace

std::string whole_prompt(const Request& request) {
  if (request.materials.empty()) return request.prompt;
  std::string out = request.prompt + "\n";
  for (const Material& material : request.materials) append(out, material);
  return out;
}

}  // namespace delegate
