#include "core/jobs/job_request.hpp"

#include <filesystem>

#include "core/base/json.hpp"
#include "core/os/file.hpp"

namespace delegate::jobs {
namespace {

constexpr std::string_view kSchema = "delegate.request/1";
constexpr std::size_t kMaxFile = 512u << 20;  // bytes: 64 MB of prompt with every character escaped

std::optional<milliseconds> duration_at(const OrderedJson& json, const char* key) {
  if (!json.contains(key)) return std::nullopt;
  return milliseconds(json.at(key).get<std::int64_t>());
}

std::optional<Isolation> isolation_at(const OrderedJson& json) {
  if (!json.contains("isolation")) return std::nullopt;
  const OrderedJson& stored = json.at("isolation");
  return Isolation{.apply = stored.at("apply").get<bool>(),
                   .keep = stored.at("keep").get<bool>(),
                   .with_untracked = stored.at("with_untracked").get<bool>(),
                   .with = stored.at("with").get<std::vector<std::string>>()};
}

Request read(const OrderedJson& json) {
  Request request{.prompt = json.at("prompt"),
                  .system = json.value("system", ""),
                  .backend = json.at("backend"),
                  .model = json.value("model", ""),
                  .session = json.value("session", ""),
                  .cwd = json.at("cwd"),
                  .access = json.at("write").get<bool>() ? Access::write : Access::read_only,
                  .continue_writing = json.value("continue_writing", false),
                  .isolation = isolation_at(json),
                  .timeout = duration_at(json, "timeout_ms"),
                  .slot_wait = duration_at(json, "slot_wait_ms"),
                  .run_id = json.at("run_id")};
  for (const OrderedJson& material : json.at("materials"))
    request.materials.push_back({material.at("name").get<std::string>(), material.at("text").get<std::string>()});
  if (json.contains("type")) request.type = task_type_named(json.at("type").get<std::string>());
  if (json.contains("tier")) request.tier = static_cast<Tier>(json.at("tier").get<int>());
  if (json.contains("fallback")) request.fallback = json.at("fallback").get<bool>();
  return request;
}

Path saved_path(const Engine& engine, const std::string& id) {
  return Path(engine.store_path).parent_path() / "waiting" / (id + ".json");
}

}  // namespace

std::string to_json(const Request& request) {
  OrderedJson json{{"schema", kSchema},        {"run_id", request.run_id},
                   {"prompt", request.prompt}, {"backend", request.backend},
                   {"cwd", request.cwd},       {"write", request.access == Access::write}};
  json["materials"] = OrderedJson::array();
  for (const Material& material : request.materials)
    json["materials"].push_back({{"name", material.name}, {"text", material.text}});
  if (request.continue_writing) json["continue_writing"] = true;
  if (const auto& isolation = request.isolation)
    json["isolation"] = {{"apply", isolation->apply},
                         {"keep", isolation->keep},
                         {"with_untracked", isolation->with_untracked},
                         {"with", isolation->with}};
  put(json, "system", request.system);
  put(json, "model", request.model);
  put(json, "session", request.session);
  put(json, "timeout_ms", request.timeout);
  put(json, "slot_wait_ms", request.slot_wait);
  if (request.type) json["type"] = to_string(*request.type);
  if (request.tier) json["tier"] = static_cast<int>(*request.tier);
  put(json, "fallback", request.fallback);
  return dump(json);
}

Result<Request> request_from(std::string_view text) {
  try {  // a border where exceptions end
    const OrderedJson json = OrderedJson::parse(text);
    if (json.value("schema", "") != kSchema) return fail(Code::invalid_argument, "request: not of this version");
    return read(json);
  } catch (const OrderedJson::exception& error) {
    return fail(Code::invalid_argument, std::string("request: ") + error.what());
  }
}

Result<Request> load_saved_request(const Engine& engine, const std::string& id) {
  TRY(const std::string text, read_file(saved_path(engine, id), kMaxFile));
  return request_from(text);
}

Error set_aside(const Engine& engine, const std::string& id, const std::string& text, Error why) {
  const Path file = Path(engine.store_path).parent_path() / "set-aside" / (id + ".json");
  Status written = make_private_directory(file.parent_path());
  if (written) written = write_private_file(file, text);
  why.hint = written ? "what was stored of it is in " + file.string() : written.error().what;
  return why;
}

void remove_saved_request(const Engine& engine, const std::string& id) {
  std::error_code ignored;
  std::filesystem::remove(saved_path(engine, id), ignored);
}

}  // namespace delegate::jobs
