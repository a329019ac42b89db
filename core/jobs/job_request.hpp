#pragma once
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/run/engine.hpp"
#include "core/run/request.hpp"

// The request of a background job, outside the process that made it.
namespace delegate::jobs {

/// On one line, as it is sent to the job process.
std::string to_json(const Request& request);
/// Code::invalid_argument: not a request of this version.
Result<Request> request_from(std::string_view json);

// While a job is queued its request is also in a private file next to the store, so that another process can run it if
// its own is killed. The file is removed when the job starts. It is not in the database, where a deleted prompt could
// still be found in free pages.
Status save_request(const Engine& engine, const Request& request);
Result<Request> load_request(const Engine& engine, const std::string& id);
void remove_saved_request(const Engine& engine, const std::string& id);

}  // namespace delegate::jobs
