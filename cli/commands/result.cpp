#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/json.hpp"
#include "core/base/duration.hpp"
#include "core/jobs/job_result.hpp"
#include "core/jobs/job_status.hpp"
#include "core/os/event.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{500};

Result<Deadline> patience_of(const ResultCommand& command) {
  if (command.wait.empty()) return Deadline::in(milliseconds(0));
  if (command.wait == "forever") return Deadline::never();
  auto wait = parse_duration(command.wait);
  if (!wait) return fail(Code::invalid_argument, "--wait: " + wait.error().what, wait.error().hint);
  return Deadline::in(*wait);
}

Result<jobs::JobStatus> wait_for(const World& world, const Host& host, const std::string& id, Deadline patience) {
  Event nothing;
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    TRY(jobs::JobStatus known, jobs::find_job(host.engine(), id));
    if (known.has_ended() || patience.passed() || world.interrupted.cancelled()) return known;
    nothing.wait(world.interrupted, Deadline::in(pause).or_earlier(patience));
  }
}

int fail_with(const Output& output, const char* command, const Error& error) {
  Error said = error;
  said.what = std::string(command) + ": " + error.what;
  if (error.code == Code::not_found) said.hint = "`delegate runs` lists the runs";
  output.failure(said, is_usage_error(error) ? "usage" : "internal");
  return is_usage_error(error) ? kUsage : kInternal;
}

/// A run of a person's own shell has its answer in the history, if that keeps answers.
std::optional<std::string> answer_in_history(const Host& host, const std::string& id) {
  if (host.engine().ledger == nullptr) return std::nullopt;
  const auto row = host.engine().ledger->run(id);
  if (!row || !row->answer || !row->answer->is_whole()) return std::nullopt;
  return row->answer->text;
}

int show_unended(const World& world, const Output& output, const jobs::JobStatus& known) {
  if (world.interrupted.cancelled() && world.signal != 0) return 128 + world.signal;
  const bool waits = known.row.state == JobRow::State::waiting;
  const std::string hint = !known.is_lost ? "`delegate result --wait " + known.row.id + "` waits for its end"
                           : waits        ? "`delegate worker` runs orphaned jobs"
                                          : "ask again";
  output.failure({Code::unavailable, describe(known), hint}, known.is_lost ? "killed" : waits ? "waiting" : "running");
  return known.is_lost ? kAllFailed : kDeadline;
}

/// Printed as `ask` would have.
int show_end(const World& world, const Output& output, const ResultCommand& command, const JobRow& row) {
  if (command.json) return output.answer(row.result + "\n") != 0 ? kInternal : row.exit_code;
  const jobs::JobResult result = jobs::job_result_from(row);
  const auto& answer = result.record.answer;
  output.remarks(result.remarks, command.quiet && answer);
  if (!answer) return row.exit_code == 0 ? kInternal : row.exit_code;
  const std::string text = with_newline(*answer);
  const int written = output.answer(is_terminal(world.out) ? escape_controls(text) : text);
  return written != 0 ? written : row.exit_code;
}

}  // namespace

int run_result(const World& world, const Config& config, const ResultCommand& command) {
  const Output output(world);
  const auto patience = patience_of(command);
  if (!patience) return fail_with(output, "result", patience.error());
  const Host host(world, config);
  const auto known = wait_for(world, host, command.id, *patience);
  if (!known && known.error().code == Code::not_found && !command.json)
    if (const auto answer = answer_in_history(host, command.id)) return output.answer(with_newline(*answer));
  if (!known) return fail_with(output, "result", known.error());
  if (known->row.state == JobRow::State::ended) return show_end(world, output, command, known->row);
  return show_unended(world, output, *known);
}

int run_cancel(const World& world, const Config& config, const CancelCommand& command) {
  const Output output(world);
  const Host host(world, config);
  const auto known = jobs::find_job(host.engine(), command.id);
  if (!known) return fail_with(output, "cancel", known.error());
  if (const Status stopped = jobs::cancel_job(host.engine(), *known); !stopped)
    return fail_with(output, "cancel", stopped.error());
  const bool had_ended = known->has_ended() && !known->is_orphaned();
  const char* state = had_ended ? "ended" : "cancelled";
  if (command.json)
    return output.answer(dump({{"schema", "delegate.cancel/1"}, {"run_id", known->row.id}, {"state", state}}) + "\n");
  output.note("delegate: run " + known->row.id + (had_ended ? " had ended already" : " is being stopped"));
  return kAnswered;
}

}  // namespace delegate::cli
