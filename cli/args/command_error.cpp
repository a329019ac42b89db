#include "cli/args/command_error.hpp"

#include <iterator>

#include "core/base/exit_code.hpp"

namespace delegate::cli {
namespace {

struct ErrorTraits {
  ErrorKind kind;
  std::string_view word;  // promised to scripts
  int exit_code;
};

constexpr ErrorTraits kTraits[] = {
    {ErrorKind::usage, "usage", kUsage},
    {ErrorKind::configuration, "configuration", kConfiguration},
    {ErrorKind::not_installed, "not_installed", kNothingInstalled},
    {ErrorKind::blocked, "blocked", kBlocked},
    {ErrorKind::cancelled, "cancelled", kUsage},
    {ErrorKind::full, "queue_full", kAllBusy},
    {ErrorKind::directory_in_use, "directory_in_use", kAllBusy},
    {ErrorKind::waiting, "waiting", kDeadline},
    {ErrorKind::running, "running", kDeadline},
    {ErrorKind::killed, "killed", kAllFailed},
    {ErrorKind::test, "internal", kAllFailed},
    {ErrorKind::failed, "failed", kAllFailed},
    {ErrorKind::internal, "internal", kInternal},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < std::size(kTraits); ++i)
    if (kTraits[i].kind != static_cast<ErrorKind>(i)) return false;
  return std::size(kTraits) == static_cast<std::size_t>(ErrorKind::internal) + 1;
}
static_assert(is_in_order());

}  // namespace

ErrorKind kind_of(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::not_found: return ErrorKind::usage;
    case Code::cancelled: return ErrorKind::cancelled;
    default: return ErrorKind::internal;
  }
}

CommandError::CommandError(Error failed) : kind(kind_of(failed)), error(std::move(failed)) {}

CommandError::CommandError(ErrorKind kind_, Error failed, std::vector<Error> others)
    : kind(kind_), error(std::move(failed)), more(std::move(others)) {}

tl::unexpected<CommandError> fail_internally(std::string_view where, const Error& error) {
  return fail_as(ErrorKind::internal, {error.code, std::string(where) + ": " + error.what, error.hint});
}

std::string_view word_of(ErrorKind kind) { return kTraits[static_cast<std::size_t>(kind)].word; }

int exit_code_of(ErrorKind kind, int signal) {
  if (kind == ErrorKind::cancelled && signal != 0) return 128 + signal;
  return kTraits[static_cast<std::size_t>(kind)].exit_code;
}

}  // namespace delegate::cli
