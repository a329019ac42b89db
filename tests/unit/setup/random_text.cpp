#include "tests/unit/setup/random_text.hpp"

#include <initializer_list>

namespace delegate::test {
namespace {

/// Every compiler makes the parts of a list from left to right, those of a sum in an order of its own.
std::string all(std::initializer_list<std::string> parts) {
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

}  // namespace

std::string RandomText::blank() {
  switch (below(5)) {
    case 0: return " ";
    case 1: return "\t";
    case 2: return all({newline(), std::string(below(5), ' ')});
    default: return "";
  }
}

std::string RandomText::gap() {
  std::string out = blank();
  if (one_in(6)) out += all({"/* { \" , } ", blank(), "*/"});
  if (one_in(6)) out += "// \"x\": {, }" + newline();
  return out + blank();
}

std::string RandomText::string(bool is_key) {
  static constexpr const char* kTexts[] = {"", "a", "\\\"", "\\\\", "}", "// no", "/*", ",", "é✓", "\\u00e9", "mcp"};
  return all({"\"", is_key ? "" : kTexts[below(11)], "k", std::to_string(names_++), "\""});
}

std::string RandomText::value(int depth) {
  if (depth < 4 && one_in(3)) return object(depth, false);
  if (depth < 4 && one_in(5)) {
    std::string out = "[";
    for (std::size_t left = below(3); left > 0; --left)
      out += all({gap(), value(depth + 1), gap(), left > 1 || one_in(3) ? "," : ""});
    return out + gap() + "]";
  }
  static constexpr const char* kScalars[] = {"true", "false", "null", "0", "-1.5e3", "12345678901234567890"};
  return one_in(2) ? string(false) : kScalars[below(6)];
}

std::string RandomText::object(int depth, bool has_servers) {
  std::string out = "{";
  std::size_t left = below(4);
  const std::size_t servers_at = has_servers && left > 0 && one_in(2) ? 1 + below(left) : 0;
  for (; left > 0; --left) {
    const bool is_servers = left == servers_at;
    out += all({gap(), is_servers ? "\"servers\"" : string(true), gap(), ":", gap(),
                is_servers ? object(depth + 1, false) : value(depth + 1), gap()});
    if (left > 1 || one_in(3)) out += ",";
  }
  return out + gap() + "}";
}

std::string RandomText::jsonc() { return all({gap(), one_in(4) ? "" : object(0, true), gap()}); }

std::string RandomText::toml_value(int depth) {
  static constexpr const char* kScalars[] = {"true",
                                             "-7",
                                             "1.5",
                                             "2026-11-21",
                                             "\"a # ] \\\" b\"",
                                             "'c:\\ [x] #'",
                                             "\"\"\"\n[servers.delegate]\ncommand = \"x\"\n\"\"\"",
                                             "'''\n[a]\n'''",
                                             "\"\"\"\"quoted\"\"\"\"",
                                             "{ a = 1, b = \"}\" }"};
  if (depth > 2 || !one_in(4)) return kScalars[below(10)];
  std::string out = "[";
  for (std::size_t left = below(3); left > 0; --left)
    out += all({one_in(3) ? "\n  # one ]\n  " : " ", toml_value(depth + 1), ","});
  return out + (one_in(2) ? "\n" : "") + "]";
}

std::string RandomText::toml_table(const std::string& name) {
  std::string out;
  if (!name.empty()) out = all({one_in(4) ? "  " : "", "[", name, "]", one_in(4) ? " # [x]" : "", "\n"});
  for (std::size_t left = below(4); left > 0; --left) {
    if (one_in(3)) out += one_in(2) ? "\n" : "# [servers.delegate]\n";
    const std::string key = "k" + std::to_string(names_++);
    out += one_in(4) ? "\"" + key + ".x\"" : one_in(4) ? key + " . y" : key;
    out += all({one_in(2) ? " = " : "=", toml_value(0), one_in(4) ? "  # why" : "", "\n"});
  }
  return out;
}

std::string RandomText::toml() {
  std::string out = toml_table("");
  if (one_in(4)) out += toml_table("servers");
  for (std::size_t left = below(4); left > 0; --left) {
    const std::string name = "t" + std::to_string(names_++);
    out += toml_table(one_in(3)   ? "servers." + name
                      : one_in(3) ? "\"" + name + " [x]\""
                      : one_in(3) ? "[" + name + "]"
                                  : name);
    if (one_in(3)) out += "\n";
  }
  if (one_in(3) && out.ends_with('\n')) out.pop_back();
  return out;
}

/// After the colon, to the end of the last line.
std::string RandomText::yaml_value(std::size_t indent, int depth) {
  static constexpr const char* kScalars[] = {" 1",       "",    " ~",           " a word # why",       " \"a: b # c\"",
                                             " 'it''s'", " {}", " [1, {a: b}]", " { \"x\": [y] } # z", " é✓"};
  const std::string in(indent + 2, ' ');
  switch (depth > 3 ? 3 : below(8)) {
    case 0: return "\n" + yaml_mapping(indent + 1 + below(4), depth + 1, false);
    case 1: return all({"\n", in, "- a\n", in, "- b: 1\n", in, "  c: 2\n", one_in(2) ? "\n" : ""});
    case 2:
      return all({one_in(2) ? " |" : " >-", "\n", in, "text: no key\n\n", in, "# no comment\n", one_in(3) ? "\n" : ""});
    default: return std::string(kScalars[below(10)]) + "\n";
  }
}

std::string RandomText::yaml_mapping(std::size_t indent, int depth, bool has_servers) {
  std::string out;
  std::size_t left = 1 + below(3);
  const std::size_t servers_at = has_servers && one_in(2) ? 1 + below(left) : 0;
  for (; left > 0; --left) {
    if (one_in(4)) out += one_in(2) ? "\n" : std::string(indent, ' ') + "# servers: {\n";
    const bool is_servers = left == servers_at;
    out += all({std::string(indent, ' '), is_servers ? "servers" : (one_in(5) ? "\"k" : "k") + std::to_string(names_)});
    if (!is_servers && out.find("\"k" + std::to_string(names_), out.rfind('\n') + 1) != std::string::npos) out += "\"";
    ++names_;
    out += ":";
    if (!is_servers) out += yaml_value(indent, depth);
    else if (one_in(3)) out += one_in(2) ? "  # none\n" : one_in(2) ? " {  } # none\n" : "\n";
    else out += "\n" + yaml_mapping(indent + 1 + below(4), depth + 1, false);
  }
  return out;
}

std::string RandomText::yaml() {
  std::string out = one_in(4) ? "# mine\n" : "";
  if (one_in(6)) out += "---\n";
  if (!one_in(6)) out += yaml_mapping(0, 0, true);
  if (one_in(4)) out += "\n# the end\n";
  // A text in lines would be another one with a newline behind it.
  if (one_in(4) && out.ends_with('\n') && out.rfind("no comment\n") + 13 < out.size()) out.pop_back();
  if (!one_in(4)) return out;
  std::string windows;
  for (const char c : out) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return windows;
}

std::string RandomText::garbage(std::string_view alphabet) {
  std::string out;
  for (std::size_t left = below(60); left > 0; --left)
    out += one_in(12) ? static_cast<char>(below(256)) : alphabet[below(alphabet.size())];
  return out;
}

std::string RandomText::damaged(std::string text) {
  for (std::size_t left = 1 + below(3); left > 0 && !text.empty(); --left) {
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0: text[at] = static_cast<char>(below(256)); break;
      case 1: text[at] = text[below(text.size())]; break;
      case 2: text.insert(at, 1, text[below(text.size())]); break;
      default: text.erase(at, 1 + below(4)); break;
    }
  }
  return text;
}

}  // namespace delegate::test
