#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

// Reading JSON that another program wrote (anything may be missing or of another type, nothing throws), and writing
// our own. For .cpp files: nlohmann's header is heavy.
namespace delegate {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // what we print: keys stay in the order in which they were set

/// What is nested deeper than any CLI prints is read as null, so that input cannot cause deep recursion.
inline constexpr int kDeepestJson = 128;
/// A text with more values is not parsed: it would take a hundred times its size in memory, and its time.
inline constexpr std::size_t kMostJsonValues = 500'000;

/// An object, or nothing. Odd bytes cost no record: a string with broken UTF-8, half a surrogate pair or a control
/// character is read with U+FFFD, or that character, in its place.
std::optional<Json> parse_object(std::string_view text);

/// The records in a line of output. What stands around them (terminal sequences, words without a newline) is skipped.
/// A character that a string has in part only is kept for `piece_at`.
struct RecordLine {
  std::vector<Json> records;
  bool is_damaged = false;  // something looks like a record and cannot be read
};
RecordLine records_in(std::string_view line);

/// The value at `path` ("/a/b"), or null.
inline const Json& at(const Json& json, const Json::json_pointer& path) {
  static const Json kNull;
  try {
    return json.contains(path) ? json[path] : kNull;
  } catch (const Json::exception&) {  // a configured pointer with an index that is too large
    return kNull;
  }
}
inline const Json& at(const Json& json, const char* path) { return at(json, Json::json_pointer(path)); }

/// The string, or "" for anything else.
std::string text_of(const Json& value);
inline std::string text_at(const Json& json, const char* path) { return text_of(at(json, path)); }

/// The same, of a text that goes on in the next record: for append_piece, which joins a character that was cut in two.
std::string piece_of(const Json& value);

inline std::optional<std::int64_t> integer_at(const Json& json, const char* path) {
  const Json& value = at(json, path);
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return value.get<std::int64_t>();
}

inline std::optional<double> number_at(const Json& json, const char* path) {
  const Json& value = at(json, path);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

inline bool true_at(const Json& json, const char* path) {
  const Json& value = at(json, path);
  return value.is_boolean() && value.get<bool>();
}

/// On one line; bytes that are not UTF-8 are replaced.
std::string dump(const Json& json);
/// The same; what steers the direction of text is written as an escape (`\u202e`), because this may be printed.
std::string dump(const OrderedJson& json);

// Unknown values are left out; they are never 0 or "".
inline void put(OrderedJson& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
template <class Number>
void put(OrderedJson& json, const char* key, const std::optional<Number>& number) {
  if (number) json[key] = *number;
}
inline void put(OrderedJson& json, const char* key, const std::optional<std::chrono::milliseconds>& duration) {
  if (duration) json[key] = duration->count();
}

}  // namespace delegate
