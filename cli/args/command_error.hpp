#pragma once
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace delegate::cli {

/// Each kind of error has its exit code and its word in `--json`: command_error.cpp.
enum class ErrorKind {
  usage,
  configuration,
  not_installed,
  blocked,
  cancelled,
  full,              // the queue, or all slots
  directory_in_use,  // another run writes there
  waiting,           // a run that has not started
  running,           // a run that has not ended
  killed,            // a run whose process is gone
  test,              // something was tried out and did not work
  failed,            // what was asked for was not possible
  internal,
};

/// Why a command did not do what it was asked to do.
struct CommandError {
  CommandError(Error error);  // NOLINT(google-explicit-constructor): TRY converts errors
  CommandError(ErrorKind kind, Error error, std::vector<Error> more = {});

  ErrorKind kind;
  Error error;              // also the one in `--json`
  std::vector<Error> more;  // reported after it
};

/// `return fail_as(ErrorKind::configuration, error)`
inline tl::unexpected<CommandError> fail_as(ErrorKind kind, Error error, std::vector<Error> more = {}) {
  return tl::unexpected(CommandError(kind, std::move(error), std::move(more)));
}
/// An internal error, whatever its code; `where` is the command.
tl::unexpected<CommandError> fail_internally(std::string_view where, const Error& error);

/// Without more knowledge: what a person can fix is a usage error, the rest is internal.
ErrorKind kind_of(const Error& error);
std::string_view word_of(ErrorKind kind);
/// `signal`: the one that interrupted the command; 0: none.
int exit_code_of(ErrorKind kind, int signal);

}  // namespace delegate::cli
