#include <future>

#include "cli/commands/check_rows.hpp"
#include "cli/commands/context.hpp"
#include "core/os/in_parallel.hpp"
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

void check(const Engine& engine, const Candidate& candidate, const CancelToken& cancel, CheckRow& row) {
  const VersionAnswer version = ask_version(candidate, cancel);
  row.state = version.works ? "works" : is_absent(candidate, version.outcome) ? "not installed" : "broken";
  row.detail = engine.redact(version.text);
  row.took = version.took;
  row.hint = engine.redact(version.hint);
}

std::optional<Capabilities> capabilities_of(const Engine& engine, const std::string& name) {
  const BackendSettings& settings = *engine.config.backend(name);
  const Backend* backend = engine.find_backend(settings.kind);
  return backend == nullptr ? std::nullopt : std::optional(backend->capabilities(settings));
}

/// With `options.check` all are started in parallel: the slowest decides how long it takes.
CommandResult backends(const CommandContext& context, const BackendsOptions& options) {
  const Engine& engine = context.engine();
  const CancelToken& interrupted = context.world.interrupted;
  const std::vector<std::string> names = context.config().candidates();
  std::vector<CheckRow> rows(names.size());
  std::vector<std::future<void>> checks;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto found = find_candidate(engine, names[i]);
    rows[i] = row_of(engine, names[i], found);
    rows[i].can = capabilities_of(engine, names[i]);
    if (!options.check || !found) continue;
    checks.push_back(in_parallel([&engine, &interrupted, &row = rows[i], candidate = *std::move(found)] {
      check(engine, candidate, interrupted, row);
    }));
  }
  for (std::future<void>& done : checks) done.get();
  if (interrupted.cancelled()) return context.interrupted();
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
