#include "cli/setup/toml_edit.hpp"

#include <algorithm>

#include "cli/setup/toml_scan.hpp"
#include "core/base/text.hpp"
#include "core/config/toml_text.hpp"

namespace delegate::cli::setup {
namespace {

std::string value_text(const OrderedJson& value) {
  if (value.is_string()) return config::toml_string(value.get<std::string>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const OrderedJson& element : value) parts.push_back(value_text(element));
  return "[" + join(parts, ", ") + "]";
}

std::string newline_of(std::string_view text) {
  const std::size_t newline = text.find('\n');
  return newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r' ? "\r\n" : "\n";
}

std::string table_text(const KeyPath& path, const OrderedJson& table, const std::string& newline) {
  std::string out = "[" + join(path, ".") + "]";
  for (const auto& item : table.items()) out += newline + item.key() + " = " + value_text(item.value());
  return out;
}

bool is_below(const KeyPath& path, const KeyPath& above) {
  return path.size() >= above.size() && std::equal(above.begin(), above.end(), path.begin());
}

/// The table with this header; null if there is none.
const TomlTable* table_at(const std::vector<TomlTable>& tables, const KeyPath& path) {
  const auto found = std::find_if(tables.begin() + 1, tables.end(),
                                  [&](const TomlTable& table) { return table.path == path && !table.is_element; });
  return found == tables.end() ? nullptr : &*found;
}

tl::unexpected<Error> no_header(const KeyPath& path) {
  const std::string name = join(path, ".");
  return fail(Code::invalid_argument, name + " has no header of its own",
              "write it as a table that begins with [" + name + "]");
}

/// Where the empty line before this line begins; the line itself if there is none.
std::size_t before_empty_line(std::string_view text, std::size_t line_begin) {
  for (const std::string_view newline : {"\r\n", "\n"}) {
    if (!text.substr(0, line_begin).ends_with(newline)) continue;
    const std::size_t at = line_begin - newline.size();
    return at == 0 || text[at - 1] == '\n' ? at : line_begin;
  }
  return line_begin;
}

std::string with_table(std::string_view text, const KeyPath& path, const OrderedJson& table) {
  const std::string newline = newline_of(text);
  const std::string added = table_text(path, table, newline);
  if (text.empty()) return added + newline;
  // A text without a newline at the end stays like that.
  if (text.ends_with('\n')) return std::string(text) + newline + added + newline;
  return std::string(text) + newline + newline + added;
}

std::string with_key(std::string_view text, const TomlTable& table, const std::string& key, const OrderedJson& value) {
  std::string out(text);
  for (const TomlKey& there : table.keys)
    if (there.path == KeyPath{key})
      return out.replace(there.value_begin, there.value_end - there.value_begin, value_text(value));
  const std::string newline = newline_of(text);
  const std::string line = key + " = " + value_text(value);
  const std::size_t at = table.end();
  return out.insert(at, text.substr(0, at).ends_with('\n') ? line + newline : newline + line);
}

}  // namespace

Result<std::string> put_toml(std::string_view text, const KeyPath& path, const OrderedJson& value) {
  if (value.is_object()) return with_table(text, path, value);
  const std::vector<TomlTable> tables = scan_toml(text);
  const KeyPath above(path.begin(), path.end() - 1);
  const TomlTable* table = table_at(tables, above);
  if (table == nullptr) return no_header(above);
  return with_key(text, *table, path.back(), value);
}

Result<std::string> remove_toml(std::string_view text, const KeyPath& path) {
  const std::vector<TomlTable> tables = scan_toml(text);
  if (table_at(tables, path) == nullptr) return no_header(path);
  std::string out(text);
  bool reaches_end = false;
  for (auto table = tables.rbegin(); table + 1 != tables.rend(); ++table) {
    if (!is_below(table->path, path)) continue;
    const std::size_t begin = before_empty_line(text, table->begin);
    reaches_end = table->end() >= out.size();
    out.erase(begin, table->end() - begin);
  }
  if (!reaches_end || text.ends_with('\n')) return out;
  const std::size_t last = newline_of(text).size();
  return out.size() >= last ? out.substr(0, out.size() - last) : out;
}

std::string inline_toml(const OrderedJson& table) {
  std::vector<std::string> parts;
  for (const auto& item : table.items()) parts.push_back(item.key() + " = " + value_text(item.value()));
  return "{ " + join(parts, ", ") + " }";
}

TomlForm toml_form(std::string_view text, const KeyPath& path) {
  for (const TomlTable& table : scan_toml(text))
    for (const TomlKey& key : table.keys) {
      KeyPath whole = table.path;
      whole.insert(whole.end(), key.path.begin(), key.path.end());
      if (whole == path) return TomlForm::braces;
      if (is_below(whole, path) && !is_below(table.path, path)) return TomlForm::dots;
    }
  return TomlForm::header;
}

std::string whole_toml(const KeyPath& path, const OrderedJson& table) { return table_text(path, table, "\n") + "\n"; }

}  // namespace delegate::cli::setup
