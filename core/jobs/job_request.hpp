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

// Earlier versions kept the request of a queued job in a file next to the store.
Result<Request> load_saved_request(const Engine& engine, const std::string& id);
void remove_saved_request(const Engine& engine, const std::string& id);

/// Puts a request that cannot be read into a private file next to the store, where a person can look at it, and names
/// it in the error.
Error set_aside(const Engine& engine, const std::string& id, const std::string& text, Error why);

}  // namespace delegate::jobs
