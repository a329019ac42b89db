#pragma once
#include <string>

#include "cli/args/command_error.hpp"

namespace delegate::cli {

/// What `result` and `cancel` report if a background run could not be found or changed.
inline tl::unexpected<CommandError> run_error(const char* command, Error error) {
  error.what.insert(0, std::string(command) + ": ");
  if (error.code == Code::not_found) error.hint = "`delegate runs` lists the runs";
  return tl::unexpected<CommandError>(std::move(error));
}

}  // namespace delegate::cli
