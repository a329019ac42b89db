#include "cli/background/parked.hpp"

#include <filesystem>

#include "cli/background/request_json.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLargest = 512u << 20;  // 64 MB of prompt, with every character escaped

Path place(const Host& host, const std::string& id) {
  return Path(host.store_path()).parent_path() / "waiting" / (id + ".json");
}

}  // namespace

Status park(const Host& host, const Request& request) {
  const Path file = place(host, request.run_id);
  TRY_STATUS(make_private_directory(file.parent_path()));
  return write_private_file(file, to_json(request));
}

Result<Request> unpark(const Host& host, const std::string& id) {
  TRY(const std::string text, read_file(place(host, id), kLargest));
  return request_from(text);
}

void forget_parked(const Host& host, const std::string& id) {
  std::error_code not_there;
  std::filesystem::remove(place(host, id), not_there);
}

}  // namespace delegate::cli
