#pragma once
#include <string>

#include "core/inspect/host_status.hpp"
#include "core/inspect/statistics.hpp"

namespace delegate::cli {

/// OpenMetrics 1.0, or the older text format of Prometheus, which the textfile collector of node_exporter reads: there
/// a counter's heading has the name with `_total`, and the end is not marked.
enum class MetricFormat { open_metrics, prometheus_text };

/// Counters are sums over the time that the statistics cover: they get smaller when an hour of it is forgotten, which
/// readers take for a restart.
std::string metrics_text(const inspect::HostStatus& status, const inspect::Statistics& statistics, MetricFormat format);

}  // namespace delegate::cli
