#include "core/state/memory.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "core/state/ledger_rules.hpp"
#include "core/state/memory_usage.hpp"
#include "core/state/shared_drops.hpp"
#include "core/state/survey.hpp"

namespace delegate {
namespace {

class MemoryStore final : public StateStore, private Ledger {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Status update(const std::string& backend, const Change& change) override {
    const std::lock_guard lock(mutex_);
    const auto stored = backends_.find(backend);
    const BackendState before = stored == backends_.end() ? BackendState{} : stored->second;
    BackendState after = before;
    change(after, clock_.now());
    if (after == before) return {};
    if (concerns_peer(before, after))
      for (auto& [name, other] : share_drops(backend, before, after, backends_)) backends_[name] = std::move(other);
    record_quota_edge(notifications_, backend, before.quota, after.quota, clock_.now());
    record_backend_edge(notifications_, backend, before.breaker, after.breaker, clock_.now());
    backends_[backend] = std::move(after);
    return {};
  }

  Result<Snapshot> read() override {
    const std::lock_guard lock(mutex_);
    return Snapshot{backends_, guards_, clock_.now()};
  }

  Status update_guard(const std::string& guard, const GuardChange& change) override {
    const std::lock_guard lock(mutex_);
    const GuardState before = guard_of(guard);
    GuardState after = before;
    change(after, clock_.now());
    record_guard_edge(notifications_, guard, before.breaker, after.breaker, clock_.now());
    if (after == GuardState{}) guards_.erase(guard);
    else guards_[guard] = std::move(after);
    return {};
  }

  Result<GuardState> guard(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    return guard_of(name);
  }

  Result<NotificationRows> notifications() override {
    const std::lock_guard lock(mutex_);
    return notifications_;
  }

  Status change_notifications(const NotificationChange& change) override {
    const std::lock_guard lock(mutex_);
    change(notifications_, clock_.now());
    return {};
  }

  Result<WritersState> writers() override {
    const std::lock_guard lock(mutex_);
    return writers_;
  }

  Status change_writers(const WritersChange& change) override {
    const std::lock_guard lock(mutex_);
    change(writers_, clock_.now());
    return {};
  }

  Ledger& ledger() override { return *this; }
  Survey survey(SurveyDepth /*depth*/) override {
    const std::lock_guard lock(mutex_);
    return {.states = Snapshot{backends_, guards_, clock_.now()},
            .undecodable = {},
            .notifications = notifications_,
            .queue = QueueSurvey{},
            .history = HistorySurvey{},
            .leases = std::vector<TaskLease>{},
            .writers = writers_,
            .sizes = TableSizes{},
            .writable = {}};
  }
  Description describe() override { return {.kind = "memory"}; }

 private:
  Status begin_run(const RunRow& row) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(runs_, [&](const RunRow& one) { return one.id == row.id; });
    runs_.push_back(row);
    return {};
  }

  Status add_attempt(const AttemptRow& row) override {
    const std::lock_guard lock(mutex_);
    attempts_.push_back(row);
    AttemptRow& kept = attempts_.back();  // without what is no part of the row
    kept.is_call = true;
    kept.counted_usage.reset();
    kept.reservation.clear();
    usage_.count(row, directory_of(row.run_id));
    return {};
  }

  Status count_attempt(const AttemptRow& row) override {
    const std::lock_guard lock(mutex_);
    usage_.count(row, directory_of(row.run_id));
    return {};
  }

  Result<std::vector<UsageRow>> usage(const UsageQuery& query) override {
    const std::lock_guard lock(mutex_);
    return usage_.rows(query);
  }

  Status change_budgets(const BudgetChange& change) override {
    const std::lock_guard lock(mutex_);
    return usage_.change_budgets(change);
  }

  Status read_budgets(const BudgetChange& look) override {
    const std::lock_guard lock(mutex_);
    return usage_.read_budgets(look);
  }

  Status finish_run(const RunRow& row, int limit) override {
    const std::lock_guard lock(mutex_);
    for (RunRow& run : runs_)
      if (run.id == row.id) {
        auto prompt = std::move(run.prompt);
        run = row;
        run.prompt = std::move(prompt);
      }
    usage_.count_spared(row, directory_of(row.id));
    const milliseconds now = row.started_at + row.took.value_or(milliseconds(0));
    for (RunRow& run : runs_)
      if (run.answer_until && *run.answer_until <= now) {
        run.answer.reset();
        run.answer_until.reset();
      }
    const auto beyond = static_cast<std::ptrdiff_t>(runs_.size()) - limit;
    for (std::ptrdiff_t i = 0; i < beyond; ++i) {
      std::erase_if(attempts_, [&](const AttemptRow& attempt) { return attempt.run_id == runs_.front().id; });
      runs_.erase(runs_.begin());
    }
    forget_strays(row.id);
    return {};
  }

  Result<std::int64_t> forget(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto is_meant = [&](const RunRow& run) { return !run.outcome.empty() && (id.empty() || run.id == id); };
    for (const RunRow& run : runs_)
      if (is_meant(run)) std::erase_if(attempts_, [&](const AttemptRow& attempt) { return attempt.run_id == run.id; });
    return static_cast<std::int64_t>(std::erase_if(runs_, is_meant));
  }

  Result<std::vector<RunRow>> runs(const RunQuery& query) override {
    const std::lock_guard lock(mutex_);
    std::vector<RunRow> found;
    for (const RunRow& row : newest_first())
      if (static_cast<int>(found.size()) < query.most && row.started_at >= query.since && fits(row, query))
        found.push_back(for_list(row));
    return found;
  }

  Result<RunRow> run(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    std::vector<RunRow> found;
    for (const RunRow& row : runs_)
      if (row.id.starts_with(id)) found.push_back(row);
    return unique_match(found, id);
  }

  Result<std::size_t> enough_of(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    std::set<std::string> ids;
    for (const RunRow& row : runs_) ids.insert(row.id);
    const auto after = ids.upper_bound(id);
    const auto own = ids.lower_bound(id);
    return enough_beside(id, own == ids.begin() ? std::string() : *std::prev(own),
                         after == ids.end() ? std::string() : *after);
  }

  Result<std::optional<RunRow>> newest_session(const SessionQuery& query) override {
    const std::lock_guard lock(mutex_);
    for (const RunRow& row : newest_first())
      if (matches(row, query)) return std::optional(for_list(row));
    return std::optional<RunRow>();
  }

  Result<std::optional<RunRow>> last_change(const std::string& cwd, const std::string& but_run) override {
    const std::lock_guard lock(mutex_);
    for (const RunRow& row : newest_first()) {
      const bool has_written = std::any_of(attempts_.begin(), attempts_.end(), [&](const AttemptRow& attempt) {
        return attempt.run_id == row.id && attempt.may_have_written;
      });
      if (row.writes && row.cwd == cwd && row.id != but_run &&
          (!row.took || is_answer_named(row.outcome) || has_written))
        return std::optional(for_list(row));
    }
    return std::optional<RunRow>();
  }

  Result<std::vector<BackendTotals>> totals(const TotalsQuery& query) override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, BackendTotals> sums;
    std::map<std::string, std::vector<milliseconds>> answered;
    for (const AttemptRow& attempt : attempts_) {
      if (attempt.started_at < query.since || attempt.started_at >= query.until) continue;
      BackendTotals& sum = sums[attempt.backend];
      sum.backend = attempt.backend;
      sum.slots.resize(static_cast<std::size_t>(std::max(query.slots, 1)));
      add_to_totals(sum, query, attempt.started_at, attempt.outcome, attempt.tripped, attempt.usage);
      if (is_answer_named(attempt.outcome)) answered[attempt.backend].push_back(attempt.took);
    }
    std::vector<BackendTotals> out;
    for (auto& [backend, sum] : sums) {
      set_percentiles(sum, std::move(answered[backend]));
      out.push_back(std::move(sum));
    }
    return out;
  }

  Result<std::vector<AttemptRow>> attempts(const std::string& run_id) override {
    const std::lock_guard lock(mutex_);
    std::vector<AttemptRow> found;
    for (const AttemptRow& attempt : attempts_)
      if (attempt.run_id == run_id) found.push_back(attempt);
    return found;
  }

  Result<std::vector<AttemptRow>> last_attempts() override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, AttemptRow> newest;
    for (const AttemptRow& attempt : attempts_) {
      const auto known = newest.find(attempt.backend);
      if (known == newest.end() || known->second.started_at <= attempt.started_at) newest[attempt.backend] = attempt;
    }
    std::vector<AttemptRow> found;
    for (auto& [backend, attempt] : newest) found.push_back(std::move(attempt));
    return found;
  }

  std::string directory_of(const std::string& run_id) const {
    for (const RunRow& run : runs_)
      if (run.id == run_id) return run.cwd;
    return {};
  }

  GuardState guard_of(const std::string& name) const {
    const auto stored = guards_.find(name);
    return stored == guards_.end() ? GuardState{} : stored->second;
  }

  /// Attempts of a run that was deleted before it ended.
  void forget_strays(const std::string& id) {
    if (runs_.empty()) attempts_.clear();
    if (std::any_of(runs_.begin(), runs_.end(), [&](const RunRow& run) { return run.id == id; })) return;
    std::erase_if(attempts_, [&](const AttemptRow& attempt) { return attempt.run_id == id; });
  }

  std::vector<RunRow> newest_first() const {
    std::vector<RunRow> rows(runs_.rbegin(), runs_.rend());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const RunRow& a, const RunRow& b) { return a.started_at > b.started_at; });
    return rows;
  }
  bool fits(const RunRow& row, const RunQuery& query) const {
    if (!query.project.empty() && !is_in_directory(row.cwd, query.project)) return false;
    if (!query.text.empty() && !has_text(row, query.text)) return false;
    if (query.backend.empty() && (query.outcome.empty() || query.outcome == row.outcome)) return true;
    return std::any_of(attempts_.begin(), attempts_.end(), [&](const AttemptRow& attempt) {
      return attempt.run_id == row.id && (query.backend.empty() || is_of(attempt.backend, query.backend)) &&
             (query.outcome.empty() || attempt.outcome == query.outcome);
    });
  }
  static RunRow for_list(RunRow row) {
    row.prompt.reset();
    row.answer.reset();
    row.answer_until.reset();
    row.skips.clear();
    return row;
  }

  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, BackendState> backends_;
  std::map<std::string, GuardState> guards_;
  NotificationRows notifications_;
  WritersState writers_;
  std::vector<RunRow> runs_;
  std::vector<AttemptRow> attempts_;
  MemoryUsage usage_;
};

}  // namespace

std::unique_ptr<StateStore> make_memory_store(const Clock& clock) { return std::make_unique<MemoryStore>(clock); }

}  // namespace delegate
