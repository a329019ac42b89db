#include "cli/render/metrics.hpp"
#include "cli/commands/context.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {
namespace {

struct MetricsOptions {
  std::string textfile;
};
constexpr OptionRow kMetricsOptions[] = {
    {.names = "--textfile",
     .value = "FILE",
     .help = "Write FILE (*.prom) for node_exporter, readable by all",
     .more = "The file is replaced in one step, in the text format of Prometheus that its textfile collector reads.",
     .kind = ValueKind::files,
     .store = into<&MetricsOptions::textfile>},
};
constexpr std::string_view kMetricsExamples[] = {"delegate metrics --textfile /var/lib/node_exporter/delegate.prom"};

CommandResult show_metrics(const CommandContext& context, const MetricsOptions& options) {
  context.report_notice();
  const auto found = inspect::statistics(context.engine(), milliseconds(0));
  if (!found) return fail_internally("metrics", found.error());
  const inspect::HostStatus status = inspect::status_of(context.engine());
  if (options.textfile.empty()) return context.output.answer(metrics_text(status, *found, MetricFormat::open_metrics));
  constexpr unsigned kReadableByAll = 0644;  // node_exporter runs as another user
  const Status written =
      replace_file(options.textfile, metrics_text(status, *found, MetricFormat::prometheus_text), kReadableByAll);
  if (!written) return fail_internally("metrics", written.error());
  return kAnswered;
}

}  // namespace

extern constexpr CommandRow kMetrics{.name = "metrics",
                                     .group = kOperateGroup,
                                     .help = "Print calls, breakers and queue for Prometheus",
                                     .more =
                                         "OpenMetrics text on stdout. Calls are counted for 400 days; directories and "
                                         "prompts are not named. Run it from a "
                                         "timer with --textfile, or from an exporter that starts programs.",
                                     .options = kMetricsOptions,
                                     .examples = kMetricsExamples,
                                     .needs = Needs::host,
                                     .run = run_with<show_metrics>};

}  // namespace delegate::cli
