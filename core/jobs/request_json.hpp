#pragma once
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/run/request.hpp"

namespace delegate::jobs {

/// A request on its way to the process that carries it, on one line.
std::string to_json(const Request& request);
/// Code::invalid_argument: these are not the words of this version.
Result<Request> request_from(std::string_view json);

}  // namespace delegate::jobs
