#include "core/changes/change_record.hpp"

#include <array>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

namespace delegate {
namespace {

using std::chrono::milliseconds;

constexpr int kVersion = 1;
constexpr std::size_t kLargestRecord = 16u << 20;
constexpr std::array kStates{"running", "finished", "abandoned"};  // stored; in the order of ChangeRecord::State

constexpr std::array kDirections{"forward", "reverse"};  // stored; in the order of Direction

Path record_in(const Path& directory) { return directory / "change.json"; }

/// A path as text, or as its bytes if it is no UTF-8.
void put_path(OrderedJson& json, const Path& path) {
  const std::string text = path.string();
  if (valid_utf8(text) == text) {
    json["root"] = text;
    return;
  }
  OrderedJson bytes = OrderedJson::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  json["root_bytes"] = std::move(bytes);
}

Path path_in(const Json& json) {
  const Json& bytes = at(json, "/root_bytes");
  if (!bytes.is_array()) return text_at(json, "/root");
  std::string text;
  for (const Json& byte : bytes)
    if (byte.is_number_unsigned()) text += static_cast<char>(byte.get<unsigned char>());
  return text;
}

std::vector<std::string> texts_at(const Json& json, const char* path) {
  std::vector<std::string> texts;
  if (const Json& list = at(json, path); list.is_array())
    for (const Json& entry : list) texts.push_back(text_of(entry));
  return texts;
}

std::optional<ChangeRecord::State> state_in(const Json& json) {
  const std::string name = text_at(json, "/state");
  for (std::size_t i = 0; i < kStates.size(); ++i)
    if (name == kStates[i]) return static_cast<ChangeRecord::State>(i);
  return std::nullopt;
}

}  // namespace

Status write_record(const Path& directory, const ChangeRecord& record) {
  OrderedJson json;
  json["version"] = kVersion;
  json["run"] = record.run;
  json["state"] = kStates.at(static_cast<std::size_t>(record.state));
  put_path(json, record.root);
  json["started_ms"] = record.started.count();
  put(json, "finished_ms", record.finished);
  put(json, "applied_ms", record.applied);
  json["isolated"] = record.is_isolated;
  json["keeps_tree"] = record.keeps_tree;
  json["in_files"] = record.is_in_files;
  put(json, "applying", record.applying ? kDirections.at(static_cast<std::size_t>(*record.applying)) : "");
  put(json, "trouble", record.trouble);
  if (record.is_late) json["late"] = true;
  json["backends"] = record.backends;
  json["not_covered"] = record.not_covered;
  json["taken_ns"] = record.taken.count();
  put(json, "before", record.before);
  put(json, "after", record.after);
  json["files"] = record.files;
  return replace_file(record_in(directory), dump(json) + "\n", 0600);
}

Result<ChangeRecord> read_record(const Path& directory) {
  const Path path = record_in(directory);
  TRY(const std::string text, read_file(path, kLargestRecord));
  const auto json = parse_object(text);
  const auto state = json ? state_in(*json) : std::nullopt;
  if (!state) return fail(Code::data_loss, path.string() + ": cannot be read");
  if (integer_at(*json, "/version").value_or(0) != kVersion)
    return fail(Code::data_loss, path.string() + ": written by another version");
  ChangeRecord record;
  record.state = *state;
  record.run = text_at(*json, "/run");
  record.root = path_in(*json);
  record.started = milliseconds(integer_at(*json, "/started_ms").value_or(0));
  if (const auto finished = integer_at(*json, "/finished_ms")) record.finished = milliseconds(*finished);
  if (const auto applied = integer_at(*json, "/applied_ms")) record.applied = milliseconds(*applied);
  record.is_isolated = true_at(*json, "/isolated");
  record.keeps_tree = true_at(*json, "/keeps_tree");
  record.is_in_files = true_at(*json, "/in_files");
  const std::string applying = text_at(*json, "/applying");
  if (applying == kDirections[0]) record.applying = Direction::forward;
  if (applying == kDirections[1]) record.applying = Direction::reverse;
  record.trouble = text_at(*json, "/trouble");
  record.is_late = true_at(*json, "/late");
  record.backends = texts_at(*json, "/backends");
  record.not_covered = texts_at(*json, "/not_covered");
  record.taken = std::chrono::nanoseconds(integer_at(*json, "/taken_ns").value_or(0));
  record.before = text_at(*json, "/before");
  record.after = text_at(*json, "/after");
  record.files = static_cast<std::size_t>(integer_at(*json, "/files").value_or(0));
  return record;
}

}  // namespace delegate
