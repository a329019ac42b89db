#include "cli/commands/check_rows.hpp"

#include "core/run/hints.hpp"

namespace delegate::cli {

bool is_absent(const Candidate& candidate, Outcome outcome) {
  return outcome == Outcome::not_installed && !candidate.backend->is_process();
}

CheckRow row_of(const Engine& engine, const std::string& name, const tl::expected<Candidate, Unavailable>& found) {
  const BackendSettings& settings = *engine.config.backend(name);
  CheckRow row{.name = name, .kind = settings.kind};
  if (found) {
    row.path = found->where;
    row.state = found->backend->is_process() ? "installed" : "configured";
    return row;
  }
  const Unavailable& absent = found.error();
  row.state = absent.reason == UnavailableReason::disabled ? "disabled" : "not installed";
  const Backend* backend = engine.find_backend(settings.kind);
  if (absent.reason == UnavailableReason::login_unset) {
    row.state = to_string(SkipReason::login_unset);
    row.detail = message_of(absent);
  }
  if (absent.reason == UnavailableReason::not_installed && backend != nullptr)
    row.hint = hint_for(*backend, Task{.settings = settings}, {.outcome = Outcome::not_installed});
  return row;
}

int print_rows(const CommandContext& context, const std::vector<CheckRow>& rows, const char* schema) {
  return context.output.answer(context.world.json ? to_json(rows, schema) + "\n" : to_text(rows));
}

}  // namespace delegate::cli
