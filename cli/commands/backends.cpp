#include <future>

#include "cli/commands/check_rows.hpp"
#include "cli/commands/context.hpp"
#include "core/run/check.hpp"

namespace delegate::cli {
namespace {

struct BackendsOptions {
  bool check = false;
};
constexpr OptionRow kBackendsOptions[] = {
    {.names = "--check", .help = "Run each to get its version", .store = into<&BackendsOptions::check>},
    json_flag("Print JSON"),
};

void check(const Engine& engine, const CancelToken& cancel, CheckRow& row) {
  const auto candidate = find_candidate(engine, row.name);
  if (!candidate) return;
  const VersionAnswer version = ask_version(*candidate, cancel);
  row.state = version.works ? "works" : is_absent(*candidate, version.outcome) ? "not installed" : "broken";
  row.detail = engine.redact(version.text);
  row.took = version.took;
  row.hint = engine.redact(version.hint);
}

/// All in parallel: the slowest decides how long it takes.
void check_all(const Engine& engine, const CancelToken& cancel, std::vector<CheckRow>& rows) {
  std::vector<std::future<void>> checks;
  checks.reserve(rows.size());
  for (CheckRow& row : rows)
    checks.push_back(std::async(std::launch::async, [&engine, &cancel, &row] { check(engine, cancel, row); }));
  for (std::future<void>& done : checks) done.get();
}

CommandResult backends(const CommandContext& context, const BackendsOptions& options) {
  const Config& config = context.config();
  const World& world = context.world;
  std::vector<CheckRow> rows;
  for (const std::string& name : config.candidates())
    rows.push_back(row_of(context.engine(), name, *config.backend(name)));
  if (options.check) check_all(context.engine(), world.interrupted, rows);
  if (world.interrupted.cancelled()) return context.interrupted();
  return print_rows(context, rows, "delegate.backends/1");
}

}  // namespace

extern constexpr CommandRow kBackends{.name = "backends",
                                      .group = kOperateGroup,
                                      .help = "List what is installed, and where",
                                      .options = kBackendsOptions,
                                      .needs = Needs::host,
                                      .run = run_with<backends>};

}  // namespace delegate::cli
