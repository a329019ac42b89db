#include "cli/setup/yaml_tree.hpp"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

namespace delegate::cli::setup {
namespace {

constexpr int kDeepestYaml = 100;

struct Parser {
  yaml_parser_t parser{};
  Parser() { yaml_parser_initialize(&parser); }
  ~Parser() { yaml_parser_delete(&parser); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
};

struct Event {
  yaml_event_t event{};
  Event() = default;
  ~Event() { yaml_event_delete(&event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

tl::unexpected<Error> yaml_error(YamlMark at, std::string_view what) {
  return fail(Code::invalid_argument, "line " + std::to_string(at.line + 1) + ", column " +
                                          std::to_string(at.column + 1) + ": " + std::string(what));
}

YamlMark mark_of(const yaml_mark_t& mark) { return {mark.line, mark.column}; }

/// What an unquoted word means. Other numbers stay text: they only have to be equal to themselves.
OrderedJson plain_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view text) {
    yaml_parser_set_encoding(&parser_.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_.parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }

  Result<std::optional<YamlNode>> build() {
    std::optional<YamlNode> root;
    for (bool is_over = false; !is_over;) {
      Event next;
      TRY_STATUS(parse(next));
      switch (next.event.type) {
        case YAML_STREAM_END_EVENT: is_over = true; break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_DOCUMENT_START_EVENT:
          if (root) return yaml_error(mark_of(next.event.start_mark), "several documents in one file");
          break;
        default: {
          TRY(root, node(next.event, 0));
        }
      }
    }
    if (root && root->kind == YamlNode::Kind::scalar && root->scalar.is_null()) return std::optional<YamlNode>();
    return root;
  }

 private:
  Status parse(Event& into) {
    if (yaml_parser_parse(&parser_.parser, &into.event) != 0) return {};
    const yaml_parser_t& state = parser_.parser;
    return yaml_error(mark_of(state.problem_mark), state.problem == nullptr ? "invalid YAML" : state.problem);
  }

  Result<YamlNode> node(const yaml_event_t& event, int depth) {
    const YamlMark begin = mark_of(event.start_mark);
    if (depth > kDeepestYaml) return yaml_error(begin, "nested too deeply");
    switch (event.type) {
      case YAML_SCALAR_EVENT: return scalar(event);
      case YAML_SEQUENCE_START_EVENT: return sequence(event, depth);
      case YAML_MAPPING_START_EVENT: return mapping(event, depth);
      case YAML_ALIAS_EVENT: return yaml_error(begin, "an alias (*name), which is not supported");
      default: return yaml_error(begin, "invalid YAML");
    }
  }

  static YamlNode scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const std::string text(reinterpret_cast<const char*>(data.value), data.length);
    YamlNode out{.begin = mark_of(event.start_mark), .end = mark_of(event.end_mark)};
    out.scalar = data.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text) : OrderedJson(text);
    return out;
  }

  Result<YamlNode> sequence(const yaml_event_t& event, int depth) {
    YamlNode out{.kind = YamlNode::Kind::sequence,
                 .is_flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                 .begin = mark_of(event.start_mark),
                 .end = mark_of(event.end_mark)};
    for (;;) {
      Event next;
      TRY_STATUS(parse(next));
      if (next.event.type == YAML_SEQUENCE_END_EVENT) {
        if (out.is_flow) out.end = mark_of(next.event.end_mark);
        return out;
      }
      TRY(YamlNode item, node(next.event, depth + 1));
      out.end = item.end;
      out.items.push_back(std::move(item));
    }
  }

  Result<YamlNode> mapping(const yaml_event_t& event, int depth) {
    YamlNode out{.kind = YamlNode::Kind::mapping,
                 .is_flow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                 .begin = mark_of(event.start_mark),
                 .end = mark_of(event.end_mark)};
    std::set<std::string> keys;
    for (;;) {
      Event key;
      TRY_STATUS(parse(key));
      if (key.event.type == YAML_MAPPING_END_EVENT) {
        if (out.is_flow) out.end = mark_of(key.event.end_mark);
        return out;
      }
      const YamlMark begin = mark_of(key.event.start_mark);
      if (key.event.type != YAML_SCALAR_EVENT) return yaml_error(begin, "a key that is not text");
      const auto& data = key.event.data.scalar;
      YamlNode::Member member{.key = std::string(reinterpret_cast<const char*>(data.value), data.length),
                              .begin = begin,
                              .colon = mark_of(key.event.end_mark)};
      if (!keys.insert(member.key).second) return yaml_error(begin, "a key that exists more than once");
      Event value;
      TRY_STATUS(parse(value));
      TRY(member.value, node(value.event, depth + 1));
      out.end = member.value.end;
      out.members.push_back(std::move(member));
    }
  }

  Parser parser_;
};

}  // namespace

const YamlNode::Member* YamlNode::member(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& one) { return one.key == key; });
  return found == members.end() ? nullptr : &*found;
}

Result<std::optional<YamlNode>> read_yaml_tree(std::string_view text) {
  // YAML counts lines at other ends, too: a carriage return, U+0085, U+2028 and U+2029.
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view here = text.substr(at);
    const bool is_lone = here.starts_with('\r') && !here.starts_with("\r\n");
    if (is_lone || here.starts_with("\xC2\x85") || here.starts_with("\xE2\x80\xA8") || here.starts_with("\xE2\x80\xA9"))
      return yaml_error(
          {static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')), 0},
          "unsupported line break (CR, U+0085, U+2028 or U+2029)");
  }
  return TreeBuilder(text).build();
}

OrderedJson json_of(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar) return node.scalar;
  OrderedJson out = node.kind == YamlNode::Kind::mapping ? OrderedJson::object() : OrderedJson::array();
  for (const YamlNode::Member& member : node.members) out[member.key] = json_of(member.value);
  for (const YamlNode& item : node.items) out.push_back(json_of(item));
  return out;
}

}  // namespace delegate::cli::setup
