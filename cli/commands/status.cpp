#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "cli/terminal/watch.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

struct StatusOptions {
  bool watch = false;
};

constexpr OptionRow kStatusOptions[] = {
    {.names = "--watch", .help = "Keep updating", .store = into<&StatusOptions::watch>},
    json_flag("Print JSON"),
};

CommandResult run_status(const CommandContext& context, const StatusOptions& options) {
  const Output& output = context.output;
  const ConfigSources& sources = context.configured->sources;
  if (sources.project_trust == ProjectTrust::trusted)
    output.note("delegate: " + sources.project_file->path + ": in use, trusted");
  context.report_notice();
  if (options.watch) return watch_status(context.world, context.engine(), context.world.json);
  const HostStatus status = status_of(context.engine());
  const int columns = terminal_size(context.world.out).value_or(TerminalSize{.columns = 0}).columns;
  return output.answer(context.world.json ? to_json(status) + "\n" : to_text(status, output.is_painted(), columns));
}

}  // namespace

extern constexpr CommandRow kStatus{.name = "status",
                                    .group = kAskGroup,
                                    .help = "Show every backend: breaker, slots, last outcome",
                                    .more = "Starts nothing and changes nothing.",
                                    .options = kStatusOptions,
                                    .needs = Needs::host,
                                    .run = run_with<run_status>};

}  // namespace delegate::cli
