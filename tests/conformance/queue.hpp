#pragma once
#include <catch2/catch.hpp>

#include "core/os/process.hpp"
#include "core/state/jobs.hpp"
#include "tests/conformance/stores.hpp"

// A queue of background runs in a real store, and who works on it.
namespace delegate::test {

inline ProcessId process(int pid) { return {"boot-1", pid, 1000 + pid, 4026531836}; }

inline const ProcessId kAnn = process(1), kBen = process(2), kEve = process(3), kLeader = process(9);
inline const ProcessId kNobody;
inline const JobLine kCodex{.candidates = {"codex"}, .is_named = true};
inline const JobLine kAutoLine{.candidates = {"claude", "codex"}, .has_last_resort = true};

struct Queue {
  TempDirectory directory;
  TestClock clock;
  std::unique_ptr<StateStore> store = open_in(directory.path(), clock);
  Jobs& jobs = *store->jobs();
  std::vector<ProcessId> dead;
  Jobs::IsDead is_dead = [this](const ProcessId& who) {
    return std::find(dead.begin(), dead.end(), who) != dead.end();
  };
  Jobs::IsGone is_gone = [this](const JobRow& row) { return is_dead(row.owner); };
  JobLimits limits{.parallel = 2, .queued = 10};
  std::int64_t added = 0;

  Queue() { REQUIRE(jobs.lead(kLeader, 10s, is_dead).value()); }

  JobRow row(const std::string& id, const JobLine& line, const ProcessId& owner = kNobody) {
    return {.id = id, .submitted_at = milliseconds(++added), .owner = owner, .line = line};
  }
  void add(const std::string& id, const JobLine& line = kCodex) {
    REQUIRE(jobs.add(row(id, line), {"request of " + id, "start of " + id}, limits));
  }
  std::vector<std::string> heads() {
    std::vector<std::string> ids;
    const auto heads = jobs.heads();
    for (const JobRow& head : *heads) ids.push_back(head.id);
    return ids;
  }
  Jobs::Turn give(const std::string& id, int parallel = 2) {
    return jobs.give_turn(jobs.find(id).value(), kLeader, parallel).value();
  }
  void take(const std::string& id, const ProcessId& who) {
    REQUIRE(give(id, 100) == Jobs::Turn::given);
    REQUIRE(jobs.take(id, jobs.find(id)->turn, who).value());
  }
  /// The turn is given and taken, and the first CLI may be started.
  void start(const std::string& id, const ProcessId& who) {
    take(id, who);
    REQUIRE(jobs.start(id, who).value() == Jobs::Start::started);
  }
  Jobs::Cancel cancel(const std::string& id) {
    return jobs.cancel({.id = id, .ended_at = 9ms, .result = "{}"}, 0ms, is_dead).value();
  }
  void finish(const std::string& id, milliseconds ended_at = 9ms, milliseconds keep_since = 0ms) {
    REQUIRE(jobs.finish({.id = id, .ended_at = ended_at, .result = "{}"}, jobs.find(id)->owner, keep_since));
  }
  JobRow::State state(const std::string& id) { return jobs.find(id)->state; }
  bool has_request(const std::string& id) { return jobs.request(id).has_value(); }
};

}  // namespace delegate::test
