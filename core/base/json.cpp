#include "core/base/json.hpp"

#include <algorithm>

#include "core/base/pieces.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr char kEscapeByte = '\x1B';
constexpr std::string_view kJsonBlanks = " \t\r\n";
constexpr std::size_t kMostRepairs = 1'000'000;     // bytes in a text that are written again; with more it is no text
constexpr std::size_t kMostRecordsOfLine = 10'000;  // and what looks like one

/// A byte of a character that is not whole stands in a parsed string as two noncharacters, U+FDD0 to U+FDDF for its
/// upper half and U+FDE0 to U+FDEF for its lower: Unicode keeps them for such uses, so no text has them.
constexpr std::string_view kMark = "\xEF\xB7";
constexpr std::size_t kMarkedByte = 6;

std::string marked(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append(kMark).push_back(static_cast<char>(0x90 + (byte >> 4)));
    out.append(kMark).push_back(static_cast<char>(0xA0 + (byte & 0x0F)));
  }
  return out;
}

/// The byte that is marked at the beginning of `text`; -1: none is.
int marked_byte(std::string_view text) {
  if (text.size() < kMarkedByte || !text.starts_with(kMark) || text.substr(3, 2) != kMark) return -1;
  const int upper = static_cast<unsigned char>(text[2]) - 0x90;
  const int lower = static_cast<unsigned char>(text[5]) - 0xA0;
  return upper >= 0 && upper < 16 && lower >= 0 && lower < 16 ? upper * 16 + lower : -1;
}

/// `text` with the bytes instead of their marks.
std::string unmarked(std::string_view text) {
  std::string out;
  for (std::size_t at; (at = text.find(kMark)) != std::string_view::npos;) {
    const int byte = marked_byte(text.substr(at));
    out.append(text.substr(0, byte < 0 ? at + kMark.size() : at));
    if (byte >= 0) out.push_back(static_cast<char>(byte));
    text.remove_prefix(at + (byte < 0 ? kMark.size() : kMarkedByte));
  }
  return out.append(text);
}

/// The code unit of an escape `\uXXXX` at the beginning of `text`; -1: it is none.
int escaped_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return -1;
  int unit = 0;
  for (const char c : text.substr(2, 4)) {
    const bool is_digit = c >= '0' && c <= '9';
    const char letter = static_cast<char>(c | 0x20);
    if (!is_digit && (letter < 'a' || letter > 'f')) return -1;
    unit = unit * 16 + (is_digit ? c - '0' : letter - 'a' + 10);
  }
  return unit;
}

/// The length of a terminal sequence at the beginning of `text`, which is an escape character.
std::size_t length_of_sequence(std::string_view text) {
  if (text.size() < 2) return text.size();
  const std::string_view rest = text.substr(2);
  if (text[1] == '[') {  // parameters, then one letter
    const auto end = std::find_if(rest.begin(), rest.end(), [](char c) { return c >= '@' && c <= '~'; });
    return 2 + std::min<std::size_t>(rest.size(), static_cast<std::size_t>(end - rest.begin()) + 1);
  }
  if (std::string_view("]PX^_").find(text[1]) == std::string_view::npos) return 2;
  const std::size_t end = rest.find_first_of("\x07\x1B");  // a text, ended by BEL or ESC and a backslash
  if (end == std::string_view::npos) return text.size();
  return 2 + end + (rest[end] == kEscapeByte ? std::min<std::size_t>(2, rest.size() - end) : 1);
}

/// Writes a JSON text again, so that a strict parser takes it. A text with too much to repair becomes empty.
class Repair {
 public:
  explicit Repair(std::string_view text) : rest_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (!rest_.empty() && repairs_ <= kMostRepairs) {
      const std::size_t plain = static_cast<std::size_t>(
          std::find_if(rest_.begin(), rest_.end(), in_string_ ? is_odd_in_string : is_odd_outside) - rest_.begin());
      copy(plain);
      if (!rest_.empty()) in_string_ ? take_in_string() : take_outside();
    }
    return repairs_ <= kMostRepairs ? std::move(out_) : std::string();
  }

 private:
  static bool is_odd_outside(char c) { return c == '"' || c == kEscapeByte; }
  static bool is_odd_in_string(char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x80;
  }

  void take_outside() {
    if (rest_.front() == kEscapeByte) return rest_.remove_prefix(length_of_sequence(rest_));
    in_string_ = rest_.front() == '"';
    copy(1);
  }

  void take_in_string() {
    if (rest_.front() == '\\') return take_escape();
    if (rest_.front() == '"') in_string_ = false;
    const auto byte = static_cast<unsigned char>(rest_.front());
    if (byte < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out_.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
      ++repairs_;
      return rest_.remove_prefix(1);
    }
    const CodePoint point = take_code_point(rest_);
    if (point.is_valid) out_ += point.bytes;
    else out_ += marked(point.bytes), repairs_ += point.bytes.size();
  }

  void take_escape() {
    const int unit = escaped_unit(rest_);
    if (unit < 0xD800 || unit > 0xDFFF) return copy(unit < 0 ? 2 : 6);
    const int next = escaped_unit(rest_.substr(6));
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) return copy(12);
    out_ += marked(bytes_of_half(static_cast<char16_t>(unit)));
    ++repairs_;
    rest_.remove_prefix(6);
  }

  void copy(std::size_t size) {
    out_ += rest_.substr(0, size);
    rest_.remove_prefix(std::min(size, rest_.size()));
  }

  std::string_view rest_;
  std::string out_;
  std::size_t repairs_ = 0;
  bool in_string_ = false;
};

/// What a JSON text is made of. The parser's own callback could count it, too, but with one it takes time in the square
/// of the length of a list.
struct Extent {
  int depth = 0;
  std::size_t values = 1;
  bool is_closed = false;
};

/// Calls `on_bracket` with the position of each and the depth around it.
template <class OnBracket>
Extent extent_of(std::string_view text, OnBracket on_bracket) {
  Extent out;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size() && out.values <= kMostJsonValues; ++i) {
    const char c = text[i];
    if (in_string && c == '\\') ++i;
    else if (c == '"') in_string = !in_string;
    else if (in_string) continue;
    else if (c == '[' || c == '{') ++out.values, on_bracket(i, depth), out.depth = std::max(out.depth, ++depth);
    else if (c == ']' || c == '}') on_bracket(i, --depth);
    else if (c == ',') ++out.values;
  }
  out.is_closed = depth == 0 && !in_string;
  return out;
}

/// `null` for what is nested too deep, so that the rest of a record can be read.
std::string without_depths(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  extent_of(text, [&](std::size_t at, int depth) {
    if (depth != kDeepestJson) return;
    if (text[at] == '[' || text[at] == '{') out.append(text.substr(from, at - from)).append("null");
    from = text[at] == '[' || text[at] == '{' ? from : at + 1;
  });
  return out.append(text.substr(from));
}

std::optional<Json> parse_strictly(std::string_view text) {
  const Extent extent = extent_of(text, [](std::size_t, int) {});
  if (!extent.is_closed || extent.values > kMostJsonValues) return std::nullopt;
  Json json = extent.depth > kDeepestJson ? Json::parse(without_depths(text), nullptr, false)
                                          : Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

/// With marks in its strings.
std::optional<Json> parse_marked(std::string_view text) {
  if (auto json = parse_strictly(text)) return json;
  if (text.find('{') == std::string_view::npos) return std::nullopt;
  return parse_strictly(Repair(text).run());
}

void replace_marks(Json& json) {
  if (json.is_string()) json = text_of(json);
  else if (json.is_structured())
    for (Json& inner : json) replace_marks(inner);
}

/// Where a record may begin at or after `from`: a brace with a quote or another brace behind it.
std::size_t begin_of_record(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    if (text[from] == kEscapeByte) {
      from += length_of_sequence(text.substr(from));
      continue;
    }
    const std::size_t next = text[from] == '{' ? text.find_first_not_of(kJsonBlanks, from + 1) : std::string_view::npos;
    if (next != std::string_view::npos && (text[next] == '"' || text[next] == '}')) return from;
    ++from;
  }
  return std::string_view::npos;
}

/// Behind the brace that closes the one at `begin`.
std::size_t end_of_record(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') ++i;
    else if (c == '"') in_string = !in_string;
    else if (!in_string && c == '{') ++depth;
    else if (!in_string && c == '}' && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

constexpr std::string_view kColon = "\":";  // behind a key

/// The end of a record whose beginning got lost.
bool is_end_of_record(std::string_view text) {
  return text.ends_with('}') && text.find(kColon) != std::string_view::npos;
}

/// Behind `before` stands a part of a record whose beginning got lost.
bool is_inside_record(std::string_view before) {
  const std::string_view line = trim(before.substr(before.rfind('\n') + 1));
  if (line.ends_with('}')) return false;
  return line.ends_with('[') || line.ends_with(',') || line.find(kColon) != std::string_view::npos;
}

/// Before `behind` stands a part of a record; `is_enclosed`: or text in braces that is no record.
bool goes_on(std::string_view behind, bool is_enclosed) {
  return !is_enclosed && !behind.empty() && std::string_view("}],").find(behind.front()) != std::string_view::npos;
}

}  // namespace

std::optional<Json> parse_object(std::string_view text) {
  if (auto json = parse_strictly(text)) return json;
  auto json = parse_marked(text);
  if (json) replace_marks(*json);
  return json;
}

RecordLine records_in(std::string_view line) {
  RecordLine out;
  if (auto json = parse_strictly(line)) {
    out.records.push_back(*std::move(json));
    return out;
  }
  std::size_t from = 0;
  bool is_enclosed = false;
  std::size_t tried = 0;
  for (std::size_t begin; (begin = begin_of_record(line, from)) != std::string_view::npos;) {
    if (++tried > kMostRecordsOfLine) out.is_damaged = true;
    if (tried > kMostRecordsOfLine) return out;
    const std::size_t end = end_of_record(line, begin);
    auto json = end == std::string_view::npos ? std::nullopt : parse_marked(line.substr(begin, end - begin));
    const std::string_view before = trim(line.substr(from, begin - from));
    const bool is_inner = is_inside_record(before) || (from > 0 && goes_on(before, is_enclosed));
    is_enclosed = is_enclosed || before.find('{') != std::string_view::npos;
    out.is_damaged = out.is_damaged || !json || is_inner || is_end_of_record(before);
    if (json && !is_inner) out.records.push_back(*std::move(json));
    if (end == std::string_view::npos) return out;
    from = end;
  }
  const std::string_view rest = trim(line.substr(from));
  const bool is_cut = from > 0
                          ? goes_on(rest, is_enclosed)
                          : rest.find('{') == std::string_view::npos && rest.find(kColon) != std::string_view::npos;
  out.is_damaged = out.is_damaged || is_cut || is_end_of_record(rest);
  return out;
}

std::string text_of(const Json& value) {
  if (!value.is_string()) return {};
  const auto& text = value.get_ref<const std::string&>();
  return text.find(kMark) == std::string::npos ? text : valid_pieces(unmarked(text));
}

std::string piece_of(const Json& value) {
  if (!value.is_string()) return {};
  const auto& text = value.get_ref<const std::string&>();
  return text.find(kMark) == std::string::npos ? text : unmarked(text);
}

std::string dump(const OrderedJson& json) {
  const std::string text = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint next = take_code_point(rest);
    if (is_steering(next.value)) out.append("\\u").append(code_point_name(next.value), 3, 4);
    else out += next.bytes;
  }
  return out;
}

std::string dump(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.find(kMark) == std::string::npos ? text : valid_pieces(unmarked(text));
}

}  // namespace delegate
