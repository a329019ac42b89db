#include "cli/render/metrics.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

using namespace inspect;

using Label = std::pair<std::string_view, std::string>;
using Labels = std::vector<Label>;

enum class MetricType { counter, gauge, histogram };

std::string label_value(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isinf(value)) return "+Inf";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", value);
  return text.data();
}

class MetricsWriter {
 public:
  explicit MetricsWriter(MetricFormat format) : format_(format) {}

  /// Begins a family; its samples follow. `unit` is the end of its name, or empty.
  void family(std::string name, MetricType type, std::string_view help, std::string_view unit = {}) {
    name_ = "delegate_" + std::move(name);
    type_ = type;
    const bool is_whole_name = type == MetricType::counter && format_ == MetricFormat::prometheus_text;
    const std::string heading = name_ + (is_whole_name ? "_total" : "");
    text_ += "# TYPE " + heading + " " + word() + "\n";
    if (!unit.empty() && format_ == MetricFormat::open_metrics)
      text_ += "# UNIT " + heading + " " + std::string(unit) + "\n";
    text_ += "# HELP " + heading + " " + std::string(help) + "\n";
  }
  void sample(const Labels& labels, double value) { line(type_ == MetricType::counter ? "_total" : "", labels, value); }
  void histogram(const Labels& labels, const LatencyCounts& counts) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      sum += counts[i];
      Labels with_bound = labels;
      with_bound.emplace_back("le", number(latency_bound(i)));
      line("_bucket", with_bound, static_cast<double>(sum));
    }
    line("_count", labels, static_cast<double>(sum));
  }
  std::string text() const { return text_ + (format_ == MetricFormat::open_metrics ? "# EOF\n" : ""); }

 private:
  const char* word() const {
    return type_ == MetricType::counter ? "counter" : type_ == MetricType::gauge ? "gauge" : "histogram";
  }
  void line(std::string_view end, const Labels& labels, double value) {
    std::vector<std::string> parts;
    for (const auto& [name, content] : labels) parts.push_back(std::string(name) + "=\"" + label_value(content) + "\"");
    text_ +=
        name_ + std::string(end) + (parts.empty() ? "" : "{" + join(parts, ",") + "}") + " " + number(value) + "\n";
  }

  MetricFormat format_;
  MetricType type_ = MetricType::gauge;
  std::string name_;
  std::string text_;
};

void write_calls(MetricsWriter& out, const std::vector<UsageRow>& rows) {
  std::map<std::array<std::string, 3>, std::int64_t> calls;
  for (const UsageRow& row : rows)
    if (row.calls > 0) calls[{name_of_backend(row.key), row.key.model, row.key.outcome}] += row.calls;
  out.family("calls", MetricType::counter, "Calls of backends by outcome.");
  for (const auto& [key, count] : calls)
    out.sample({{"backend", key[0]}, {"model", key[1]}, {"outcome", key[2]}}, static_cast<double>(count));
  out.family("answer_seconds", MetricType::histogram, "Time of the calls that were answered.", "seconds");
  for (const Group& backend : grouped(rows, GroupBy::backend))
    out.histogram({{"backend", backend.name}}, backend.figures.took);
}

void write_use(MetricsWriter& out, const std::vector<UsageRow>& rows) {
  std::map<std::pair<std::string, std::string>, Figures> uses;
  for (const UsageRow& row : rows) uses[{name_of_backend(row.key), row.key.model}] += row;
  out.family("tokens", MetricType::counter, "Tokens of the calls whose tokens are known.");
  for (const auto& [key, figures] : uses)
    for (const auto& [direction, sum] :
         {std::pair{"input", figures.all.input_tokens}, std::pair{"output", figures.all.output_tokens}})
      if (figures.all.calls_with_tokens > 0)
        out.sample({{"backend", key.first}, {"model", key.second}, {"direction", direction}}, static_cast<double>(sum));
  out.family("cost_dollars", MetricType::counter, "Cost in US dollars of the calls whose cost is known.", "dollars");
  for (const auto& [key, figures] : uses)
    if (figures.all.calls_with_cost > 0)
      out.sample({{"backend", key.first}, {"model", key.second}}, figures.all.cost_usd);
}

void write_worth(MetricsWriter& out, const Statistics& statistics) {
  const std::vector<Group> backends = grouped(statistics.rows, GroupBy::backend);
  out.family("breaker_trips", MetricType::counter, "Calls that opened a breaker.");
  for (const Group& one : backends) out.sample({{"backend", one.name}}, static_cast<double>(one.figures.all.tripped));
  out.family("breaker_skips", MetricType::counter, "Calls that an open breaker kept a person from waiting for.");
  for (const Group& one : backends) out.sample({{"backend", one.name}}, static_cast<double>(one.figures.all.skipped));
  out.family("saved_seconds", MetricType::gauge, "Estimate of the time that people did not wait.", "seconds");
  for (const Saving& one : statistics.savings)
    out.sample({{"backend", one.backend}}, static_cast<double>(one.saved().count()) / 1000);
}

void write_status(MetricsWriter& out, const HostStatus& status) {
  if (!status.is_readable) return;
  out.family("breaker_state", MetricType::gauge, "1 for the state that the breaker is in.");
  for (const BackendStatus& one : status.backends)
    for (const BreakerState state : {BreakerState::closed, BreakerState::open, BreakerState::half_open,
                                     BreakerState::forced_open, BreakerState::disabled})
      out.sample({{"backend", one.name}, {"state", std::string(to_string(state))}}, one.breaker.state == state ? 1 : 0);
  out.family("slots_used", MetricType::gauge, "Calls under way.");
  for (const BackendStatus& one : status.backends) out.sample({{"backend", one.name}}, one.slots_used);
  out.family("slots_limit", MetricType::gauge, "Calls that may be under way at the same time (max_parallel).");
  for (const BackendStatus& one : status.backends) out.sample({{"backend", one.name}}, one.slots_max);
  if (status.queue.problem.empty()) {
    out.family("queue_runs", MetricType::gauge, "Background runs that have not ended.");
    out.sample({{"state", "waiting"}}, status.queue.waiting);
    out.sample({{"state", "running"}}, status.queue.running);
  }
  if (status.notifications_problem.empty()) {
    out.family("notifications_unacknowledged", MetricType::gauge, "Warnings that are not acknowledged.");
    out.sample({}, static_cast<double>(status.unacknowledged.size()));
  }
}

}  // namespace

std::string metrics_text(const HostStatus& status, const Statistics& statistics, MetricFormat format) {
  MetricsWriter out(format);
  out.family("store_usable", MetricType::gauge, "1 if breakers can be read and the state can be written.");
  out.sample({}, status.store.ok ? 1 : 0);
  write_status(out, status);
  write_calls(out, statistics.rows);
  write_use(out, statistics.rows);
  write_worth(out, statistics);
  return out.text();
}

}  // namespace delegate::cli
