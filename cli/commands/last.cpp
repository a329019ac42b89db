#include "cli/commands/answer_layout.hpp"
#include "cli/commands/latest_run.hpp"
#include "cli/render/runs.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate::cli {
namespace {

struct LastOptions {
  bool here = false;
  std::string markdown;
};
constexpr OptionRow kLastOptions[] = {
    {.names = "--here", .help = "The latest in this directory or below it", .store = into<&LastOptions::here>},
    markdown_option<&LastOptions::markdown>(),
    json_flag("Print the whole run"),
};

constexpr int kMostLookedAt = 1000;

/// With its texts.
Result<RunRow> newest_answered(const CommandContext& context, const LastOptions& options) {
  const Engine& engine = context.engine();
  if (engine.ledger == nullptr) return fail(Code::unavailable, "last: no history: " + engine.breakers.trouble());
  RunQuery query{.most = kMostLookedAt};
  if (options.here) {
    TRY(query.project, directory_of_runs(context.world, {}));
  }
  TRY(const auto rows, engine.ledger->runs(query));
  for (const RunRow& row : rows)
    if (is_answer_named(row.outcome)) return engine.ledger->run(row.id);
  return fail(Code::not_found, "last: no run has answered yet");
}

CommandResult run_last(const CommandContext& context, const LastOptions& options) {
  auto row = newest_answered(context, options);
  if (!row && row.error().code == Code::not_found) return fail_as(ErrorKind::failed, row.error());
  if (!row) return fail_internally("last", row.error());
  drop_expired_answer(*row, context.world.clock.now().wall);
  if (!row->answer)
    return fail_as(ErrorKind::failed, {Code::not_found, "last: the answer of run " + row->id + " was not kept",
                                       "history.last_answers keeps each for a while"});
  if (context.world.json) {
    TRY(const PastRun run, past_run(context.engine(), *std::move(row), {}));
    return context.output.answer(run_to_json(run));
  }
  return print_answer(context, row->answer->text, options.markdown);
}

}  // namespace

extern constexpr CommandRow kLast{
    .name = "last",
    .group = kAskGroup,
    .help = "Print the latest answer again",
    .more = "Each answer is kept for a day (`history.last_answers`), so that a closed terminal loses nothing.",
    .options = kLastOptions,
    .needs = Needs::host,
    .run = run_with<run_last>};

}  // namespace delegate::cli
