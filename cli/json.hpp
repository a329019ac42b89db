#pragma once
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

// What all JSON of the program has in common. For .cpp files: nlohmann's header is heavy.
namespace delegate::cli {

using Json = nlohmann::ordered_json;

// Absent means unknown, never 0 or "".
inline void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
template <class Number>
void put(Json& json, const char* key, const std::optional<Number>& number) {
  if (number) json[key] = *number;
}
inline void put(Json& json, const char* key, const std::optional<std::chrono::milliseconds>& duration) {
  if (duration) json[key] = duration->count();
}

/// On one line; bytes that are no UTF-8 are replaced.
inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace delegate::cli
