#pragma once
#include "core/base/json.hpp"
#include "tests/unit/backends/captured.hpp"

// An HTTP backend with scripted answers instead of a server.
namespace delegate::test {

inline HttpResult response(int status, std::string body) { return {.status = status, .body = std::move(body)}; }

inline HttpRequest http_call(const Task& task, const std::vector<HttpResult>& lookups) {
  const auto call = backend_of(task.settings.kind).prepare(task, lookups);
  INFO((call ? std::string() : call.error().message));
  REQUIRE(call.has_value());
  REQUIRE(std::holds_alternative<HttpRequest>(*call));
  return std::get<HttpRequest>(*call);
}

inline Failure refusal(const Task& task, const std::vector<HttpResult>& lookups) {
  const auto call = backend_of(task.settings.kind).prepare(task, lookups);
  REQUIRE_FALSE(call.has_value());
  return call.error();
}

inline Json sent(const HttpRequest& request) {
  auto json = parse_object(request.body);
  REQUIRE(json.has_value());
  return *std::move(json);
}

/// Reads `result.body` in pieces of `step` bytes, as the network may have cut it, and judges the end.
inline Failure judge_stream(const Task& task, HttpResult result, ParsedOutput& parsed, std::size_t step = SIZE_MAX) {
  const Backend& backend = backend_of(task.settings.kind);
  parsed = {};
  Lines lines;
  const auto on_line = [&](std::string_view line) { backend.read(parsed, task, Stream::out, line); };
  std::string_view rest = result.body;
  for (; !rest.empty(); rest.remove_prefix(std::min(step, rest.size()))) lines.feed(rest.substr(0, step), on_line);
  lines.finish(on_line);
  return judge_http(backend, task, parsed, result);
}
inline Failure judge_stream(const Task& task, HttpResult result) {
  ParsedOutput parsed;
  return judge_stream(task, std::move(result), parsed);
}

}  // namespace delegate::test
