#include "cli/commands/forget_runs.hpp"

#include "core/base/json.hpp"
#include "core/state/ledger.hpp"

namespace delegate::cli {
namespace {

/// The whole id.
tl::expected<std::string, CommandError> ended_run(const Engine& engine, const std::string& beginning) {
  const auto row = engine.ledger->run(beginning);
  if (!row) return fail(row.error().code, "runs: " + row.error().what, row.error().hint);
  if (row->outcome.empty() && !engine.breakers.is_dead(row->owner))
    return fail_as(ErrorKind::running, {Code::busy, "runs: run " + row->id + " has not ended",
                                        "`delegate cancel " + row->id + "` stops it"});
  return row->id;
}

}  // namespace

CommandResult forget_runs(const CommandContext& context, const std::string& beginning) {
  const Engine& engine = context.engine();
  if (engine.ledger == nullptr) return fail(Code::unavailable, "runs: no history: " + engine.breakers.trouble());
  std::string id;
  if (!beginning.empty()) {
    TRY(id, ended_run(engine, beginning));
  }
  const auto forgotten = engine.ledger->forget(id);
  if (!forgotten) return fail_internally("runs", forgotten.error());
  if (context.world.json)
    return context.output.answer(dump(OrderedJson{{"schema", "delegate.forget/1"}, {"deleted", *forgotten}}) + "\n");
  return context.output.answer(std::to_string(*forgotten) + " deleted\n");
}

}  // namespace delegate::cli
