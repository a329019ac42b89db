#pragma once
#include <string>

#include "cli/world.hpp"
#include "core/base/result.hpp"
#include "core/config/load.hpp"
#include "core/mcp/service.hpp"
#include "core/run/request.hpp"

namespace delegate::cli::server {

struct AskRequest {
  Request request;
  std::vector<std::string> notes;  // about its configuration, to be shown with the answer
};
/// The request of an `ask` call, without an id of the run. The configuration is read as it is now, for the directory of
/// the call. `may_write`: what the server was started with.
Result<AskRequest> request_from(const World& world, const std::string& config_file, const mcp::Json& arguments,
                                bool may_write);

/// Of the arguments of a call, which their schema has checked.
std::string text_argument(const mcp::Json& arguments, const char* key);
int number_argument(const mcp::Json& arguments, const char* key, int otherwise);
bool flag_argument(const mcp::Json& arguments, const char* key);

/// An error if the configuration cannot be used.
Status check_usable(const LoadedConfig& loaded);

/// The same error, whose hint is for a model: what it is about is the user's to change.
Error for_model(const Error& error);

}  // namespace delegate::cli::server
