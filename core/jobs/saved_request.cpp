#include "core/jobs/saved_request.hpp"

#include <filesystem>

#include "core/jobs/request_json.hpp"
#include "core/os/file.hpp"

namespace delegate::jobs {
namespace {

constexpr std::size_t kLargest = 512u << 20;  // 64 MB of prompt, with every character escaped

Path place(const Engine& engine, const std::string& id) {
  return Path(engine.store_path).parent_path() / "waiting" / (id + ".json");
}

}  // namespace

Status save_request(const Engine& engine, const Request& request) {
  const Path file = place(engine, request.run_id);
  TRY_STATUS(make_private_directory(file.parent_path()));
  return write_private_file(file, to_json(request));
}

Result<Request> load_request(const Engine& engine, const std::string& id) {
  TRY(const std::string text, read_file(place(engine, id), kLargest));
  return request_from(text);
}

void remove_saved_request(const Engine& engine, const std::string& id) {
  std::error_code not_there;
  std::filesystem::remove(place(engine, id), not_there);
}

}  // namespace delegate::jobs
