#include "cli/setup/jsonc_edit.hpp"

#include <algorithm>

#include "cli/setup/jsonc.hpp"

namespace delegate::cli::setup {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// The layout of the text.
struct Style {
  std::string unit = "  ";  // one level
  std::string newline = "\n";
};

std::string_view blanks_of_line(std::string_view text, std::size_t offset) {
  const std::size_t begin = text.substr(0, offset).rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t end = std::min(text.find_first_not_of(" \t", begin), text.size());
  return text.substr(begin, end - begin);
}

bool has_newline(std::string_view text) { return text.find('\n') != std::string_view::npos; }

/// The unit is the indentation of the first member of the outermost object.
Style style_of(std::string_view text, const JsoncValue& root) {
  Style style;
  const std::size_t newline = text.find('\n');
  if (newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r') style.newline = "\r\n";
  if (root.members.empty() || !has_newline(text.substr(root.begin, root.members[0].begin - root.begin))) return style;
  const std::string_view unit = blanks_of_line(text, root.members[0].begin);
  if (!unit.empty()) style.unit = unit;
  return style;
}

std::string quoted(const std::string& text) {
  return OrderedJson(text).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

/// Over several lines, the way JSON.stringify writes; the first one is not indented.
std::string block(const OrderedJson& value, const Style& style, const std::string& indent) {
  if (!value.is_structured() || value.empty()) return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  const std::string deeper = indent + style.unit;
  std::string out(1, value.is_object() ? '{' : '[');
  bool is_first = true;
  for (const auto& item : value.items()) {
    out += (is_first ? "" : ",") + style.newline + deeper;
    if (value.is_object()) out += quoted(item.key()) + ": ";
    out += block(item.value(), style, deeper);
    is_first = false;
  }
  return out + style.newline + indent + (value.is_object() ? '}' : ']');
}

/// On one line.
std::string line(const OrderedJson& value) {
  if (!value.is_structured()) return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  std::string out;
  for (const auto& item : value.items())
    out += (out.empty() ? "" : ", ") + (value.is_object() ? quoted(item.key()) + ": " : "") + line(item.value());
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

/// Adds a member to an object that has members or comments.
std::string appended(std::string_view text, const JsoncValue& object, const Style& style, const std::string& key,
                     const OrderedJson& value) {
  const bool is_one_line = !has_newline(text.substr(object.begin, object.end - object.begin));
  const bool has_members = !object.members.empty();
  const bool first_has_line =
      has_members && has_newline(text.substr(object.begin, object.members[0].begin - object.begin));
  const std::string indent = first_has_line ? std::string(blanks_of_line(text, object.members.back().begin))
                                            : std::string(blanks_of_line(text, object.begin)) + style.unit;
  const std::string lead = is_one_line ? " " : style.newline + indent;
  const std::string member = lead + quoted(key) + ": " + (is_one_line ? line(value) : block(value, style, indent));
  std::string out(text);
  if (!has_members) return out.insert(object.tail, member);
  const JsoncValue::Member& last = object.members.back();
  out.insert(object.tail, last.comma ? member + "," : member);
  if (!last.comma) out.insert(last.value.end, ",");
  return out;
}

std::string inserted(std::string_view text, const JsoncValue& object, const Style& style, const std::string& key,
                     const OrderedJson& value) {
  const bool is_bare = object.members.empty() && object.tail == object.begin + 1;
  if (!is_bare) return appended(text, object, style, key, value);
  const std::string indent(blanks_of_line(text, object.begin));
  const std::string deeper = indent + style.unit;
  const std::string body =
      "{" + style.newline + deeper + quoted(key) + ": " + block(value, style, deeper) + style.newline + indent + "}";
  return std::string(text).replace(object.begin, object.end - object.begin, body);
}

/// For a text without a value: its comments stay in front.
std::string begun(std::string_view text, const OrderedJson& value) {
  if (text.find_first_not_of(kBlanks) == std::string_view::npos) return whole_json(value);
  return std::string(text) + (text.ends_with('\n') ? "" : "\n") + whole_json(value);
}

std::string dotted(const KeyPath& path, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ".") + path[i];
  return out;
}

/// The existing objects along the path, outermost first.
Result<std::vector<const JsoncValue*>> walk(const JsoncValue& root, const KeyPath& path) {
  std::vector<const JsoncValue*> found{&root};
  for (std::size_t depth = 0;; ++depth) {
    const JsoncValue& here = *found.back();
    if (depth == path.size()) return found;
    if (here.kind != JsoncValue::Kind::object)
      return fail(Code::invalid_argument,
                  (depth == 0 ? "the outermost value" : dotted(path, depth)) + " is not an object");
    const auto is_it = [&](const JsoncValue::Member& member) { return member.key == path[depth]; };
    const auto count = std::count_if(here.members.begin(), here.members.end(), is_it);
    if (count > 1) return fail(Code::invalid_argument, dotted(path, depth + 1) + " exists more than once");
    if (count == 0) return found;
    found.push_back(&here.member(path[depth])->value);
  }
}

std::size_t end_of(const JsoncValue::Member& member) { return member.comma ? *member.comma + 1 : member.value.end; }

/// One member and no comment beside it.
bool holds_one_thing(std::string_view text, const JsoncValue& object) {
  if (object.members.size() != 1) return false;
  const JsoncValue::Member& only = object.members[0];
  const std::string_view before = text.substr(object.begin + 1, only.begin - object.begin - 1);
  return before.find_first_not_of(kBlanks) == std::string_view::npos && object.tail == end_of(only);
}

/// Does the line that ends here have a line comment? `*//*` between two block comments is none.
bool ends_in_comment(const JsoncText& scanned, std::string_view text, std::size_t line_end) {
  for (std::size_t at = 0; at + 1 < line_end;) {
    const bool is_code = scanned.strict[at] != ' ';
    if (!is_code && text.substr(at).starts_with("/*")) {
      at = text.find("*/", at + 2) + 2;
    } else if (!is_code && text.substr(at).starts_with("//")) {
      at = text.find('\n', at);
      if (at >= line_end) return true;  // npos, too
    } else {
      ++at;
    }
  }
  return false;
}

/// A member is removed together with its line: from the newline before it, or from the blanks before it if it shares a
/// line. A newline that ends a comment must stay if other text follows on the line of the member.
std::size_t removal_begin(const JsoncText& scanned, std::string_view text, const JsoncValue::Member& member) {
  const std::size_t thing = text.substr(0, member.begin).find_last_not_of(kBlanks) + 1;
  const std::size_t newline = text.substr(0, member.begin).rfind('\n');
  if (newline == std::string_view::npos || newline < thing) return thing;
  const std::size_t behind = text.find_first_not_of(" \t", end_of(member));
  const bool is_followed = behind != std::string_view::npos && text[behind] != '\n' && text[behind] != '\r';
  if (is_followed && ends_in_comment(scanned, text, thing)) return member.begin;
  return newline > thing && text[newline - 1] == '\r' ? newline - 1 : newline;
}

std::string without_member(const JsoncText& scanned, std::string_view text, const JsoncValue& object,
                           std::size_t index) {
  const JsoncValue::Member& member = object.members[index];
  std::string out(text);
  if (holds_one_thing(text, object)) return out.replace(object.begin, object.end - object.begin, "{}");
  const std::size_t begin = removal_begin(scanned, text, member);
  out.erase(begin, end_of(member) - begin);
  if (!member.comma && index > 0) out.erase(*object.members[index - 1].comma, 1);
  return out;
}

/// Only comments are left, and the blanks that were behind them.
std::string without_root(std::string_view text, const JsoncValue& root, const std::string& blank) {
  if (text.find_first_not_of(kBlanks, root.end) != std::string_view::npos)  // another program wrote there
    return std::string(text).replace(root.begin, root.end - root.begin, "{}");
  return std::string(text.substr(0, text.substr(0, root.begin).find_last_not_of(kBlanks) + 1)) + blank;
}

}  // namespace

Result<std::string> put_jsonc(std::string_view text, const KeyPath& path, const OrderedJson& value) {
  TRY(const JsoncText scanned, scan_jsonc(text));
  const auto nested = [&](std::size_t from) {  // what is missing on the way, around the value
    OrderedJson out = value;
    for (std::size_t i = path.size(); i > from; --i) out = OrderedJson{{path[i - 1], std::move(out)}};
    return out;
  };
  if (!scanned.root) return begun(text, nested(0));
  TRY(const auto found, walk(*scanned.root, path));
  const Style style = style_of(text, *scanned.root);
  const JsoncValue& last = *found.back();
  const std::size_t there = found.size() - 1;
  if (there < path.size()) return inserted(text, last, style, path[there], nested(there + 1));
  const bool is_one_line = !has_newline(text.substr(last.begin, last.end - last.begin)) && value.is_structured();
  const std::string indent(blanks_of_line(text, last.begin));
  return std::string(text).replace(last.begin, last.end - last.begin,
                                   is_one_line ? line(value) : block(value, style, indent));
}

Remains remains_of_jsonc(std::string_view text, const KeyPath& path) {
  const auto scanned = scan_jsonc(text);
  if (!scanned || !scanned->root) {
    const std::size_t end = text.find_last_not_of(kBlanks) + 1;  // npos + 1 is 0
    return {.depth = -1, .blank = std::string(text.substr(end)), .is_blank = true};
  }
  const auto found = walk(*scanned->root, path);
  if (!found) return {};
  const JsoncValue& last = *found->back();
  Remains remains{.depth = static_cast<int>(found->size()) - 1};
  if (last.kind != JsoncValue::Kind::object) return remains;
  const std::string_view inside = text.substr(last.begin + 1, last.end - last.begin - 2);
  remains.is_blank = inside.find_first_not_of(kBlanks) == std::string_view::npos;
  if (remains.is_blank) remains.blank = inside;
  return remains;
}

Result<std::string> remove_jsonc(std::string_view text, const KeyPath& path, const Remains& remains) {
  TRY(const JsoncText scanned, scan_jsonc(text));
  if (!scanned.root) return fail(Code::not_found, dotted(path, path.size()) + " does not exist");
  TRY(const auto found, walk(*scanned.root, path));
  if (found.size() != path.size() + 1) return fail(Code::not_found, dotted(path, path.size()) + " does not exist");
  // A parent object that becomes empty is removed too, unless it has a comment.
  std::size_t depth = path.size() - 1;
  const std::size_t kept = remains.depth < 0 ? 0 : std::min(static_cast<std::size_t>(remains.depth), depth);
  while (depth > kept && holds_one_thing(text, *found[depth])) --depth;
  const JsoncValue& object = *found[depth];
  if (depth == kept && holds_one_thing(text, object)) {
    if (remains.depth < 0) return without_root(text, object, remains.blank);
    if (remains.is_blank)
      return std::string(text).replace(object.begin + 1, object.end - object.begin - 2, remains.blank);
  }
  const auto index = static_cast<std::size_t>(object.member(path[depth]) - object.members.data());
  return without_member(scanned, text, object, index);
}

std::string line_json(const OrderedJson& value) { return line(value); }

std::string whole_json(const OrderedJson& value) { return block(value, Style{}, "") + "\n"; }

}  // namespace delegate::cli::setup
