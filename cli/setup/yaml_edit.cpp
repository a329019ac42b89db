#include "cli/setup/yaml_edit.hpp"

#include <algorithm>
#include <optional>

#include "cli/setup/yaml_tree.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::setup {
namespace {

constexpr std::size_t kStep = 2;  // spaces of one level

/// A word that means itself without quotes.
bool is_plain(const std::string& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  constexpr std::string_view kOther = "0123456789.-";
  if (text.empty() || !is_letter(text.front())) return false;
  const bool is_word = std::all_of(text.begin(), text.end(),
                                   [&](char c) { return is_letter(c) || kOther.find(c) != std::string_view::npos; });
  const std::string low = lower(text);
  constexpr std::string_view kMeanings[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return is_word && std::find(std::begin(kMeanings), std::end(kMeanings), low) == std::end(kMeanings);
}

/// On one line. JSON is YAML, too.
std::string yaml_value(const OrderedJson& value) {
  if (value.is_string() && is_plain(value.get<std::string>())) return value.get<std::string>();
  return line_json(value);
}

/// The lines of `path` below `indent`, without a newline at the end.
std::string yaml_block(const KeyPath& path, const OrderedJson& value, std::size_t indent, const std::string& newline) {
  std::string out;
  for (const std::string& key : path) {
    out += (out.empty() ? "" : newline) + std::string(indent, ' ') + key + ":";
    indent += kStep;
  }
  if (!value.is_object()) return out + " " + yaml_value(value);
  for (const auto& item : value.items())
    out += newline + std::string(indent, ' ') + item.key() + ": " + yaml_value(item.value());
  return out;
}

/// Byte offsets of the lines of a text.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text) : text_(text) {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
      begins_.push_back(at + 1);
  }

  /// The end of the text if there is no such line.
  std::size_t begin(std::size_t line) const { return line < begins_.size() ? begins_[line] : text_.size(); }

  std::size_t offset(YamlMark mark) const {
    std::size_t at = begin(mark.line);
    for (std::size_t left = mark.column; left > 0 && at < text_.size(); --left) {
      ++at;
      while (at < text_.size() && (text_[at] & '\xC0') == '\x80') ++at;
    }
    return at;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> begins_{0};
};

std::string yaml_newline(std::string_view text) {
  const std::size_t newline = text.find('\n');
  return newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r' ? "\r\n" : "\n";
}

/// Adds lines; a text without a newline at the end stays like that.
std::string with_lines(std::string_view text, std::size_t at, const std::string& lines) {
  const std::string newline = yaml_newline(text);
  const bool is_open_end = at == text.size() && !text.empty() && !text.ends_with('\n');
  return std::string(text).insert(at, is_open_end ? newline + lines : lines + newline);
}

std::string without_lines(std::string_view text, std::size_t begin, std::size_t end) {
  std::string out(text);
  out.erase(begin, end - begin);
  if (end < text.size() || text.ends_with('\n') || begin == 0) return out;
  return out.substr(0, out.size() - (out.ends_with("\r\n") ? 2 : 1));
}

struct Walk {
  std::vector<const YamlNode::Member*> found;  // along the path, as far as it exists
  const YamlNode* last = nullptr;              // the mapping that has no member for the next key, or the value itself
};

/// A value that is null counts as an empty mapping.
Result<Walk> walk_yaml(const YamlNode& root, const KeyPath& path) {
  Walk walk{.last = &root};
  for (const std::string& key : path) {
    const YamlNode& here = *walk.last;
    if (here.kind == YamlNode::Kind::scalar && here.scalar.is_null()) return walk;
    if (here.kind != YamlNode::Kind::mapping)
      return fail(Code::invalid_argument, walk.found.empty() ? "the outermost value is not a mapping"
                                                             : walk.found.back()->key + " is not a mapping");
    const YamlNode::Member* const member = here.member(key);
    if (member == nullptr) return walk;
    walk.found.push_back(member);
    walk.last = &member->value;
  }
  return walk;
}

KeyPath from(const KeyPath& path, std::size_t begin) {
  return {path.begin() + static_cast<std::ptrdiff_t>(begin), path.end()};
}

tl::unexpected<Error> not_edited(const std::string& name) {
  return fail(Code::invalid_argument, name + " is written in a form that is not edited");
}

/// What is between braces that have no members; nothing if that is more than blanks, or if an anchor or a tag stands
/// before them.
std::optional<std::string> blank_inside(std::string_view text, const LineIndex& lines, const YamlNode& node) {
  if (!node.is_flow || !node.members.empty()) return std::nullopt;
  const std::size_t begin = lines.offset(node.begin);
  const std::size_t end = lines.offset(node.end);
  if (end < begin + 2 || text[begin] != '{') return std::nullopt;
  const std::string_view inside = text.substr(begin + 1, end - begin - 2);
  return trim(inside).empty() ? std::optional(std::string(inside)) : std::nullopt;
}

/// Is there only this member between the braces, without comments, anchors and tags?
bool is_alone(std::string_view text, const LineIndex& lines, const YamlNode& braces, const YamlNode::Member& member) {
  const std::size_t begin = lines.offset(braces.begin);
  if (braces.members.size() > 1 || text[begin] != '{') return false;
  const std::size_t key = lines.offset(member.begin);
  const std::size_t value_end = lines.offset(member.value.end);
  const std::string_view behind = trim(text.substr(value_end, lines.offset(braces.end) - 1 - value_end));
  return trim(text.substr(begin + 1, key - begin - 1)).empty() && (behind.empty() || behind == ",");
}

Result<std::string> added(std::string_view text, const LineIndex& lines, const Walk& walk, const KeyPath& path,
                          const OrderedJson& value) {
  const YamlNode& last = *walk.last;
  const KeyPath rest = from(path, walk.found.size());
  const std::string newline = yaml_newline(text);
  if (last.kind == YamlNode::Kind::scalar) {  // a key without a value
    const YamlNode::Member& key = *walk.found.back();
    return with_lines(text, lines.begin(key.colon.line + 1),
                      yaml_block(rest, value, key.begin.column + kStep, newline));
  }
  if (!last.is_flow && !last.members.empty())
    return with_lines(text, lines.begin(last.last_line() + 1),
                      yaml_block(rest, value, last.members.front().begin.column, newline));
  if (!blank_inside(text, lines, last))
    return not_edited(walk.found.empty() ? "the outermost mapping" : walk.found.back()->key);
  OrderedJson inside = value;
  for (auto key = rest.rbegin(); key != rest.rend(); ++key) inside = OrderedJson{{*key, std::move(inside)}};
  const std::size_t begin = lines.offset(last.begin);
  return std::string(text).replace(begin, lines.offset(last.end) - begin, line_json(inside));
}

Result<std::string> replaced(std::string_view text, const LineIndex& lines, const YamlNode::Member& member,
                             const OrderedJson& value) {
  const YamlNode& old = member.value;
  const std::size_t begin = lines.offset(old.begin);
  if (text.substr(begin).starts_with('&') || text.substr(begin).starts_with('!')) return not_edited(member.key);
  if (old.kind == YamlNode::Kind::scalar || old.is_flow) {
    if (old.begin.line != old.end.line) return not_edited(member.key);
    const bool is_empty = old.begin.column == old.end.column;
    return std::string(text).replace(begin, lines.offset(old.end) - begin, (is_empty ? " " : "") + yaml_value(value));
  }
  const std::size_t key_end = lines.begin(member.colon.line + 1);
  const std::string_view behind = text.substr(lines.offset(member.colon), key_end - lines.offset(member.colon));
  if (trim(behind) != ":") return not_edited(member.key);
  std::string out = without_lines(text, key_end, lines.begin(old.last_line() + 1));
  return out.insert(lines.offset(member.colon) + 1, " " + yaml_value(value));
}

}  // namespace

Result<OrderedJson> read_yaml(std::string_view text) {
  TRY(const auto root, read_yaml_tree(text));
  return root ? json_of(*root) : OrderedJson::object();
}

Result<std::string> put_yaml(std::string_view text, const KeyPath& path, const OrderedJson& value) {
  TRY(const auto root, read_yaml_tree(text));
  if (!root) return with_lines(text, text.size(), yaml_block(path, value, 0, yaml_newline(text)));
  TRY(const Walk walk, walk_yaml(*root, path));
  const LineIndex lines(text);
  if (walk.found.size() < path.size()) return added(text, lines, walk, path, value);
  return replaced(text, lines, *walk.found.back(), value);
}

Remains remains_of_yaml(std::string_view text, const KeyPath& path) {
  const auto root = read_yaml_tree(text);
  if (!root || !*root) return {.depth = -1};
  const auto walk = walk_yaml(**root, path);
  if (!walk) return {};
  Remains remains{.depth = static_cast<int>(walk->found.size())};
  const YamlNode& last = *walk->last;
  auto blank = blank_inside(text, LineIndex(text), last);
  remains.is_blank = blank.has_value();
  remains.blank = std::move(blank).value_or("");
  return remains;
}

Result<std::string> remove_yaml(std::string_view text, const KeyPath& path, const Remains& remains) {
  TRY(const auto root, read_yaml_tree(text));
  if (!root) return fail(Code::not_found, join(path, ".") + " does not exist");
  TRY(const Walk walk, walk_yaml(*root, path));
  if (walk.found.size() < path.size()) return fail(Code::not_found, join(path, ".") + " does not exist");
  const LineIndex lines(text);
  // A parent that becomes empty is removed, too.
  std::size_t depth = path.size() - 1;
  const auto mapping_at = [&](std::size_t at) -> const YamlNode& {
    return at == 0 ? *root : walk.found[at - 1]->value;
  };
  const std::size_t kept = static_cast<std::size_t>(std::max(remains.depth, 0));
  const auto has_more = [&](std::size_t at) {  // members, comments, an anchor or a tag
    const YamlNode& mapping = mapping_at(at);
    const YamlNode::Member& member = *walk.found[at];
    if (mapping.is_flow) return !is_alone(text, lines, mapping, member);
    const std::size_t key_end = lines.offset(walk.found[at - 1]->colon);
    return mapping.members.size() > 1 || trim(text.substr(key_end, lines.offset(member.begin) - key_end)) != ":";
  };
  while (depth > kept && !has_more(depth)) --depth;
  const YamlNode& above = mapping_at(depth);
  if (above.is_flow) {
    if (!is_alone(text, lines, above, *walk.found[depth])) return not_edited(walk.found[depth]->key);
    const std::size_t begin = lines.offset(above.begin);
    return std::string(text).replace(begin, lines.offset(above.end) - begin, "{" + remains.blank + "}");
  }
  const YamlNode::Member& member = *walk.found[depth];
  return without_lines(text, lines.begin(member.begin.line), lines.begin(member.value.last_line() + 1));
}

std::string whole_yaml(const KeyPath& path, const OrderedJson& value) {
  return yaml_block(path, value, 0, "\n") + "\n";
}

}  // namespace delegate::cli::setup
