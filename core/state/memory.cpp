#include "core/state/memory.hpp"

#include <algorithm>
#include <mutex>

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
    if (after != before) backends_[backend] = std::move(after);
    return {};
  }

  Result<Reading> read() override {
    const std::lock_guard lock(mutex_);
    return Reading{backends_, clock_.now()};
  }

  Ledger& ledger() override { return *this; }
  Description describe() override { return {.kind = "memory"}; }

 private:
  Status begin_run(const RunRow& row) override {
    const std::lock_guard lock(mutex_);
    runs_.push_back(row);
    return {};
  }

  Status add_attempt(const AttemptRow& row) override {
    const std::lock_guard lock(mutex_);
    attempts_.push_back(row);
    return {};
  }

  Status finish_run(const RunRow& row, int limit) override {
    const std::lock_guard lock(mutex_);
    for (RunRow& run : runs_)
      if (run.id == row.id) run = row;
    const auto beyond = static_cast<std::ptrdiff_t>(runs_.size()) - limit;
    for (std::ptrdiff_t i = 0; i < beyond; ++i) {
      std::erase_if(attempts_, [&](const AttemptRow& attempt) { return attempt.run_id == runs_.front().id; });
      runs_.erase(runs_.begin());
    }
    return {};
  }

  Result<std::vector<RunRow>> runs(int most) override {
    const std::lock_guard lock(mutex_);
    const auto count = std::min<std::size_t>(runs_.size(), static_cast<std::size_t>(std::max(most, 0)));
    return std::vector<RunRow>(runs_.rbegin(), runs_.rbegin() + static_cast<std::ptrdiff_t>(count));
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

  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::map<std::string, BackendState> backends_;
  std::vector<RunRow> runs_;
  std::vector<AttemptRow> attempts_;
};

}  // namespace

std::unique_ptr<StateStore> make_memory_store(const Clock& clock) { return std::make_unique<MemoryStore>(clock); }

}  // namespace delegate
