#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// Reading JSON that another program wrote (anything may be missing or of another type, nothing throws), and writing
// our own. For .cpp files: nlohmann's header is heavy.
namespace delegate {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // what we print: keys stay in the order in which they were set

/// Nesting deeper than any CLI prints is not parsed, so that input cannot cause deep recursion.
inline constexpr int kDeepestJson = 128;

/// An object, or nothing.
inline std::optional<Json> parse_object(std::string_view text) {
  const auto stop_at_depth = [](int depth, Json::parse_event_t, Json&) { return depth < kDeepestJson; };
  Json json = Json::parse(text, stop_at_depth, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

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

inline std::string text_at(const Json& json, const char* path) {
  const Json& value = at(json, path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

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
inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
inline std::string dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

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
