#include "core/canary/cycle.hpp"

#include <algorithm>

#include "core/base/json.hpp"

namespace delegate::canary {
namespace {

constexpr milliseconds kLease{60'000};  // a cycle takes some tenths of a second, or two seconds
constexpr milliseconds kAsleep{1'000};  // the clocks are not read at the same moment
constexpr milliseconds kReadingClocks{100};
constexpr int kReadings = 10;

class Cycle {
 public:
  Cycle(const ProcessFacts& process, const Engine& engine, const CycleOptions& options)
      : process_(process), engine_(engine), options_(options) {}

  /// Remembers the results only if this process may.
  Result<CycleReport> run(CanaryRecords* records, bool may_remember) {
    const auto begun = std::chrono::steady_clock::now();
    if (records != nullptr) before_ = records->records().value_or(CanaryRecordsById{});
    std::vector<InvariantResult> results = check(look_again(), wanted());
    TRY_STATUS(confirm(results));
    CycleReport report{.at = engine_.clock.now().wall};
    if (may_remember) {
      const auto remember = [&](CanaryRecordsById& known, NotificationRows& rows, const HostTime& now) {
        report.transitions.clear();
        for (const InvariantResult& one : results)
          if (auto transition = record(one, known, rows, now)) report.transitions.push_back(*std::move(transition));
      };
      const auto remembered = records->change(engine_.breakers.self(), remember);
      if (remembered && !*remembered) return fail(Code::busy, "another process has taken over the check");
      if (!remembered) report.transitions.clear(), report.unremembered = remembered.error().what;
    }
    report.results = std::move(results);
    report.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
    return report;
  }

 private:
  std::vector<const Invariant*> wanted() const {
    std::vector<const Invariant*> chosen;
    for (const Invariant& one : invariants())
      if (options_.only.empty() || options_.only.contains(std::string(one.id))) chosen.push_back(&one);
    return chosen;
  }

  Facts look_again() const {
    Facts facts = look(process_, engine_, options_.config_changed_at);
    facts.asleep = asleep(facts.now);
    facts.resumed_ago = resumed_ago(facts);
    return facts;
  }

  /// Of the kernel's two clocks only one counts the time asleep. They are read until nothing came between.
  milliseconds asleep(const HostTime& now) const {
    if (options_.awake) return now.boot - options_.awake();
    const auto awake = [] {
      return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
    };
    for (int attempt = 0;; ++attempt) {
      const milliseconds before = awake();
      const milliseconds boot = engine_.clock.now().boot;
      if (awake() - before < kReadingClocks || attempt == kReadings) return boot - before;
    }
  }

  /// From what the check of the clocks noted in the cycle before: how long the machine had been asleep by then.
  std::optional<milliseconds> resumed_ago(const Facts& facts) const {
    const auto known = before_.find("H-01");
    const auto notes = known == before_.end() ? std::nullopt : parse_object(known->second.notes);
    const bool is_same_boot = notes && text_at(*notes, "/boot_id") == facts.now.boot_id;
    const milliseconds asleep_before(is_same_boot ? integer_at(*notes, "/asleep").value_or(0) : 0);
    if (facts.asleep > asleep_before + kAsleep) return milliseconds(0);
    const auto resumed = is_same_boot ? integer_at(*notes, "/resumed") : std::nullopt;
    return resumed ? std::optional(facts.now.boot - milliseconds(*resumed)) : std::nullopt;
  }

  std::vector<InvariantResult> check(const Facts& facts, const std::vector<const Invariant*>& chosen) const {
    std::vector<InvariantResult> results;
    for (const Invariant* invariant : chosen) {
      InvariantResult result{.invariant = invariant};
      if (const auto known = before_.find(std::string(invariant->id)); known != before_.end())
        result.notes = known->second.notes;
      Checked checked = invariant->check(facts, result.notes);
      if (!checked) {
        result.verdict = checked.error().verdict;
        result.reason = std::move(checked.error().reason);
      } else if (!checked->empty()) {
        result.verdict = Verdict::violated;
        result.deviations = *std::move(checked);
      }
      results.push_back(std::move(result));
    }
    return results;
  }

  /// Keeps what two looks have in common.
  Status confirm(std::vector<InvariantResult>& results) {
    std::vector<const Invariant*> suspects;
    for (const InvariantResult& one : results)
      if (one.verdict == Verdict::violated || one.verdict == Verdict::error) suspects.push_back(one.invariant);
    if (suspects.empty()) return {};
    const bool is_interrupted =
        options_.pause ? options_.pause(kSecondLook) : process_.interrupted.cancelled_within(kSecondLook);
    if (is_interrupted) return fail(Code::cancelled, "interrupted");
    for (InvariantResult& again : check(look_again(), suspects)) {
      const auto first = std::find_if(results.begin(), results.end(),
                                      [&](const InvariantResult& one) { return one.invariant == again.invariant; });
      if (again.verdict == Verdict::violated && first->verdict == Verdict::error) continue;  // it was not seen twice
      std::erase_if(again.deviations, [&](const Deviation& one) {
        return std::none_of(first->deviations.begin(), first->deviations.end(),
                            [&](const Deviation& seen) { return seen.subject == one.subject; });
      });
      if (again.verdict == Verdict::violated && again.deviations.empty()) again.verdict = Verdict::held;
      *first = std::move(again);
    }
    return {};
  }

  const ProcessFacts& process_;
  const Engine& engine_;
  const CycleOptions& options_;
  CanaryRecordsById before_;
};

/// Was each invariant checked within this time?
bool is_recent(CanaryRecords& records, const HostTime& now, milliseconds if_older) {
  const auto known = records.records();
  if (!known || if_older <= milliseconds(0)) return false;
  const std::span<const Invariant> all = invariants();
  return std::all_of(all.begin(), all.end(), [&](const Invariant& one) {
    const auto record = known->find(std::string(one.id));
    if (record == known->end()) return false;
    const milliseconds age = now.wall - record->second.checked_at;
    return age >= milliseconds(0) && age < if_older;
  });
}

}  // namespace

bool CycleReport::is_clean() const {
  return std::all_of(results.begin(), results.end(), [](const InvariantResult& one) {
    return one.verdict == Verdict::held || one.verdict == Verdict::skipped;
  });
}

Result<std::optional<CycleReport>> run_cycle(const ProcessFacts& process, const Engine& engine,
                                             const CycleOptions& options) {
  CanaryRecords* records = engine.store == nullptr ? nullptr : engine.store->canary();
  if (engine.store != nullptr && records == nullptr)
    return fail(Code::unavailable, "the state is in memory: it ends with each process");
  const ProcessId& me = engine.breakers.self();
  const auto is_dead = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  std::string unwritable = engine.store == nullptr ? engine.breakers.trouble() : std::string();
  if (records != nullptr) {
    if (is_recent(*records, engine.clock.now(), options.if_older)) return std::optional<CycleReport>();
    const auto other = records->lead(me, kLease, is_dead);
    if (other && *other)
      return fail(Code::busy, "another process" +
                                  ((*other)->pid == 0 ? "" : " (" + std::to_string((*other)->pid) + ")") +
                                  " is checking just now");
    if (!other) unwritable = other.error().what;
  }
  const bool leads = records != nullptr && unwritable.empty();
  auto report = Cycle(process, engine, options).run(records, leads);
  // If it cannot be given up it ends with this process.
  if (leads) static_cast<void>(records->resign(me));
  if (report && !unwritable.empty()) report->unremembered = unwritable;
  if (!report) return tl::unexpected(std::move(report).error());
  return std::optional(*std::move(report));
}

}  // namespace delegate::canary
