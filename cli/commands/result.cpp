#include <algorithm>

#include "cli/commands/answer_layout.hpp"
#include "cli/commands/latest_run.hpp"
#include "cli/commands/run_error.hpp"
#include "core/base/duration.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/jobs/job_result.hpp"
#include "core/jobs/job_status.hpp"
#include "core/os/event.hpp"
#include "core/os/terminal.hpp"
#include "core/run/writers.hpp"

namespace delegate::cli {
namespace {

struct ResultOptions {
  std::vector<std::string> words;  // the id; with --wait, a duration may stand in front of it
  std::string id;                  // of the run
  std::string wait;                // a duration, or "forever"; empty: not at all
  bool quiet = false;
  std::string markdown;
};
constexpr OptionRow kResultOptions[] = {
    {.value = "ID",
     .help = "Run id, or the beginning of it (default: the latest run)",
     .kind = ValueKind::runs,
     .store = into<&ResultOptions::words>},
    {.names = "--wait",
     .value = "DUR",
     .help = "Wait until the run finishes, or at most DUR",
     .more =
         "If the run has not finished by then, the exit status is 124. Without this option, the same applies at once.",
     .implied = "forever",
     .store = into<&ResultOptions::wait>},
    json_flag("Print what `ask --json` would have printed"),
    {.names = "-q, --quiet", .help = "Print only errors to stderr", .store = into<&ResultOptions::quiet>},
    markdown_option<&ResultOptions::markdown>(),
};

constexpr std::size_t kLongestDuration = 8;  // half of an id
constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{500};

Result<Deadline> deadline_of(const ResultOptions& options) {
  if (options.wait.empty()) return Deadline::in(milliseconds(0));
  if (options.wait == "forever") return Deadline::never();
  auto wait = parse_duration(options.wait);
  if (!wait) return fail(Code::invalid_argument, "result: --wait: " + wait.error().what, wait.error().hint);
  return Deadline::in(*wait);
}

/// The run around this process for whose end the other run waits: to wait for that one would never end.
std::optional<std::string> awaited_outer_run(const CommandContext& context, const std::string& id) {
  const std::string mark = context.world.variable(std::string(kRunIdVariable));
  StateStore* const store = context.engine().store;
  if (mark.empty() || store == nullptr) return std::nullopt;
  const auto writers = store->writers();
  if (!writers) return std::nullopt;
  for (const WaitingWriter& waiting : writers->waiting)
    if (waiting.row.run_id == id)
      if (const auto outer = outer_writer(*writers, mark, waiting.row.directory)) return outer->run_id;
  return std::nullopt;
}

/// Removes the line at the end, whatever it is.
class ProgressGuard {
 public:
  ProgressGuard(const Output& output, bool is_quiet) : output_(output), is_quiet_(is_quiet) {}
  ProgressGuard(const ProgressGuard&) = delete;
  ProgressGuard& operator=(const ProgressGuard&) = delete;
  ~ProgressGuard() { show({}); }
  void show(const std::string& line) const {
    if (!is_quiet_) output_.progress(line);
  }

 private:
  const Output& output_;
  bool is_quiet_;
};

/// "waiting for 3f9k2: asking codex, 12 s"
std::string waiting_line(const CommandContext& context, const jobs::JobStatus& known) {
  const JobRow& row = known.row;
  const milliseconds age = context.world.clock.now().wall - row.submitted_at;
  return "waiting for " + row.id + ": " + (row.doing.empty() ? "queued" : one_line(row.doing)) + ", " +
         format_wait(std::max(age, milliseconds(0)));
}

Result<jobs::JobStatus> wait_for(const CommandContext& context, const ResultOptions& options, Deadline deadline) {
  Event nothing;
  const ProgressGuard progress(context.output, options.quiet);
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    TRY(jobs::JobStatus known, jobs::find_job(context.engine(), options.id));
    if (known.has_ended() || context.world.interrupted.cancelled()) return known;
    // The one that was there may have been killed. While the store is busy, the next look does it.
    if (!known.row.has_started()) {
      const Status ensured = jobs::ensure_dispatcher(context.world, own_command(context.world), context.engine());
      if (!ensured && ensured.error().code != Code::busy) return tl::unexpected(ensured.error());
    }
    if (deadline.passed() || awaited_outer_run(context, known.row.id)) return known;
    progress.show(waiting_line(context, known));
    nothing.wait(context.world.interrupted, Deadline::in(pause).or_earlier(deadline));
  }
}

/// A run in the foreground has its answer in the history, if that keeps answers.
std::optional<std::string> answer_in_history(const Host& host, const std::string& id) {
  if (host.engine().ledger == nullptr) return std::nullopt;
  auto row = host.engine().ledger->run(id);
  if (row) drop_expired_answer(*row, host.engine().clock.now().wall);
  if (!row || !row->answer || !row->answer->is_whole()) return std::nullopt;
  return row->answer->text;
}

CommandResult show_unended(const CommandContext& context, const jobs::JobStatus& known) {
  if (context.world.interrupted.cancelled() && context.world.signal != 0) return context.interrupted();
  const bool waits = known.row.state == JobRow::State::waiting;
  const auto outer = awaited_outer_run(context, known.row.id);
  const std::string hint = known.is_lost ? "ask again"
                           : outer       ? "this command is part of run " + *outer + ": fetch the result after its end"
                                         : "`delegate result --wait " + known.row.id + "` waits until it finishes";
  const ErrorKind kind = known.is_lost ? ErrorKind::killed : waits ? ErrorKind::waiting : ErrorKind::running;
  return fail_as(kind, {Code::unavailable, describe(known), hint});
}

/// Printed as `ask` would have.
int show_end(const CommandContext& context, const ResultOptions& options, const JobRow& row) {
  const Output& output = context.output;
  if (context.world.json) return output.answer(row.result + "\n") != 0 ? kInternal : row.exit_code;
  const jobs::JobResult result = jobs::job_result_from(row);
  const auto& answer = result.record.answer;
  output.remarks(result.remarks, options.quiet && answer);
  if (!answer) return row.exit_code == 0 ? kInternal : row.exit_code;
  const int written = print_answer(context, *answer, options.markdown);
  return written != 0 ? written : row.exit_code;
}

/// "--wait 1s ID" and "--wait 1s" mean what "--wait=1s ID" does: no id is a duration.
Result<ResultOptions> understood(const CommandContext& context, ResultOptions options) {
  std::vector<std::string>& words = options.words;
  if (options.wait == "forever" && !words.empty() && words.front().size() <= kLongestDuration &&
      parse_duration(words.front())) {
    options.wait = words.front();
    words.erase(words.begin());
  }
  if (words.size() > 1)
    return fail(Code::invalid_argument, "result: unexpected argument '" + one_line(words[1], 80) + "'",
                "see `delegate result --help`");
  if (!words.empty() && words.front() != kLatest) options.id = words.front();
  if (options.id.empty()) {
    TRY(options.id, id_of_latest_run(context.engine(), "result"));
  }
  return options;
}

CommandResult show_result(const CommandContext& context, const ResultOptions& given) {
  TRY(const ResultOptions options, understood(context, given));
  TRY(const Deadline deadline, deadline_of(options));
  const auto known = wait_for(context, options, deadline);
  if (!known && known.error().code == Code::not_found && !context.world.json)
    if (const auto answer = answer_in_history(context.host(), options.id))
      return print_answer(context, *answer, options.markdown);
  if (!known) return run_error("result", known.error());
  if (known->row.state == JobRow::State::ended) return show_end(context, options, known->row);
  return show_unended(context, *known);
}

}  // namespace

extern constexpr CommandRow kResult{
    .name = "result",
    .group = kAskGroup,
    .help = "Print the answer of a background run",
    .more = "Prints what `ask` would have printed, with the same exit status, as often as it is called.",
    .options = kResultOptions,
    .needs = Needs::host,
    .run = run_with<show_result>};

}  // namespace delegate::cli
