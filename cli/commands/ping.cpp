#include "cli/commands/check_rows.hpp"
#include "cli/commands/context.hpp"
#include "cli/request/request_builder.hpp"
#include "core/run/check.hpp"

namespace delegate::cli {
namespace {

struct PingOptions {
  std::string backend;  // empty: all that are enabled
};
constexpr OptionRow kPingOptions[] = {
    {.value = "NAME",
     .help = "Backend to call (default: all that are enabled)",
     .kind = ValueKind::backends,
     .store = into<&PingOptions::backend>},
    json_flag("Print JSON"),
};

CommandResult ping_backends(const CommandContext& context, const PingOptions& options) {
  const Config& config = context.config();
  const Output& output = context.output;
  const World& world = context.world;
  if (!options.backend.empty() && config.backend(options.backend) == nullptr)
    return fail_as(ErrorKind::usage, unknown_backend("ping", config, options.backend));
  std::vector<CheckRow> rows;
  int code = kNothingInstalled;
  for (const std::string& name : options.backend.empty() ? config.candidates() : config.candidates(options.backend)) {
    const auto candidate = find_candidate(context.engine(), name);
    CheckRow row = row_of(context.engine(), name, candidate);
    if (candidate) {
      output.progress("pinging " + name + " …");
      const PingAnswer answer = ping(context.engine(), *candidate, world.interrupted);
      output.progress({});
      const bool absent = is_absent(*candidate, answer.outcome);
      row.state = answer.works ? "answers" : absent ? "not installed" : std::string(to_string(answer.outcome));
      row.detail = answer.message;
      row.hint = answer.hint;
      row.took = answer.took;
      if (!answer.works && !absent) code = kAllFailed;
      else if (answer.works && code == kNothingInstalled) code = kAnswered;
    } else if (candidate.error().reason == UnavailableReason::login_unset) {
      code = kAllFailed;
    }
    rows.push_back(std::move(row));
    if (world.interrupted.cancelled()) return context.interrupted();
  }
  const int written = print_rows(context, rows, "delegate.ping/1");
  return written != 0 ? written : code;
}

}  // namespace

extern constexpr CommandRow kPing{
    .name = "ping",
    .group = kOperateGroup,
    .help = "Check the login with a real one-line call",
    .more =
        "The call may cost something. It ignores the cooldown of an open breaker; its result counts for the breaker.",
    .options = kPingOptions,
    .needs = Needs::host,
    .run = run_with<ping_backends>};

}  // namespace delegate::cli
