#include <algorithm>
#include <set>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/canary/invariant.hpp"

// Runs and jobs against their processes, and against what they were before.
namespace delegate::canary {
namespace {

constexpr milliseconds kEndOfRun{60'000};    // beyond its time: a CLI gets time to stop, an answer is stored
constexpr milliseconds kTurnTime{60'000};    // for a process to start and take its turn
constexpr milliseconds kOrphanTime{60'000};  // a killed run's processes are stopped within seconds

const char* word_of(JobRow::State state) {
  switch (state) {
    case JobRow::State::waiting: return "queued";
    case JobRow::State::running: return "running";
    case JobRow::State::yielded: return "waiting for a slot";
    case JobRow::State::ended: return "ended";
    case JobRow::State::killed: return "killed";
  }
  return "in no known state";
}

/// A call in progress, or the place in the line for one.
bool has_lease(const Facts& facts, const ProcessId& owner) {
  const auto is_valid = [&](const SlotLease& lease) {
    return lease.owner == owner && remaining(lease.span, facts.now) > milliseconds(0);
  };
  for (const auto& [name, state] : facts.survey.states->backends)
    if (std::any_of(state.slots.begin(), state.slots.end(), is_valid) ||
        std::any_of(state.waiting.begin(), state.waiting.end(), is_valid))
      return true;
  return false;
}

/// The living processes that this state names (who dispatches, and who runs something), and their children: between a
/// run and its CLI is a supervisor. Another state may have others.
std::set<std::int64_t> processes_of_state(const Facts& facts) {
  std::set<std::int64_t> pids;
  const auto add = [&](const ProcessId& owner) {
    if (is_visible(facts, owner) && !is_dead(facts, owner)) pids.insert(owner.pid);
  };
  for (const TaskLease& lease : *facts.survey.leases) add(lease.owner);
  for (const JobRow& job : facts.survey.queue->running) add(job.owner);
  for (const RunRow& run : facts.survey.history->open) add(run.owner);
  std::set<std::int64_t> all = pids;
  for (const ProcessEntry& process : *facts.processes)
    if (pids.contains(process.parent)) all.insert(process.pid);
  return all;
}

}  // namespace

Checked check_running_jobs(const Facts& facts, std::string& notes) {
  NEED(const auto& queue, facts.survey.queue);
  NEED_SOURCE(facts.processes);
  Since since(facts, notes);
  Deviations found;
  for (const JobRow& job : queue.running) {
    if (!is_dead(facts, job.owner) || has_processes_of_run(facts, job.id)) continue;
    if (job.is_taken()) {
      found.push_back({job.id, "run " + job.id + " is recorded as " + word_of(job.state) + ", but its process (" +
                                   std::to_string(job.owner.pid) + ") has ended"});
      continue;
    }
    // Its process may be about to take the turn, although the dispatcher that started it has been killed.
    if (since[job.id] >= kTurnTime)
      found.push_back({job.id, "run " + job.id + " has its turn, but no process takes it, and the dispatcher (" +
                                   std::to_string(job.owner.pid) + ") has ended"});
  }
  return found;
}

Checked check_ends_are_final(const Facts& facts, std::string& notes) {
  NEED(const auto& queue, facts.survey.queue);
  std::set<std::string> ended;
  if (const auto json = parse_object(notes))
    if (const auto list = json->find("ended"); list != json->end() && list->is_array())
      for (const auto& id : *list) ended.insert(text_of(id));
  Deviations found;
  for (const RevivedJob& job : queue.revived)
    found.push_back({job.id, "run " + job.id + " had ended, and is " + word_of(job.state) + " now"});
  for (const auto* jobs : {&queue.running, &queue.heads})
    for (const JobRow& job : *jobs)
      if (ended.contains(job.id) &&
          std::none_of(found.begin(), found.end(), [&](const Deviation& one) { return one.subject == job.id; }))
        found.push_back({job.id, "run " + job.id + " had ended, and is " + word_of(job.state) + " now"});
  // One that was revived stays in the list until it ends again.
  OrderedJson list = OrderedJson::array();
  for (const std::string& id : queue.ended) list.push_back(id);
  for (const Deviation& one : found) list.push_back(one.subject);
  notes = dump(OrderedJson{{"ended", list}});
  return found;
}

Checked check_requests(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& queue, facts.survey.queue);
  Deviations found;
  for (const UnpairedJob& job : queue.unpaired)
    found.push_back({job.id, job.has_request ? "the request of run " + job.id + " is stored, but the run does not wait"
                                             : "run " + job.id + " is queued without its request"});
  return found;
}

/// Every call has a lease that is longer than the call can take, so a run beyond its time without any does not end.
Checked check_run_times(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& history, facts.survey.history);
  NEED(const auto& queue, facts.survey.queue);
  NEED_SOURCE(facts.survey.states);
  NEED_SOURCE(facts.processes);
  if (facts.resumed_ago && *facts.resumed_ago < kAfterResume)
    return skip("this machine was asleep until " + format_took(*facts.resumed_ago) + " ago");
  const auto waits = [&](const std::string& id) {
    return std::any_of(queue.running.begin(), queue.running.end(),
                       [&](const JobRow& job) { return job.id == id && job.state == JobRow::State::yielded; });
  };
  Deviations found;
  for (const RunRow& run : history.open) {
    const milliseconds age = facts.now.wall - run.started_at;
    if (age < facts.config.router.timeout + kEndOfRun || !is_visible(facts, run.owner) || is_dead(facts, run.owner) ||
        waits(run.id) || has_lease(facts, run.owner))
      continue;
    found.push_back({run.id, "run " + run.id + " has run for " + format_took(age) + " and makes no call (process " +
                                 std::to_string(run.owner.pid) + ")"});
  }
  return found;
}

/// A run with --write that ends normally may leave a process behind; one that was killed may not.
Checked check_processes_have_runs(const Facts& facts, std::string& notes) {
  NEED(const auto& history, facts.survey.history);
  NEED(const auto& processes, facts.processes);
  NEED_SOURCE(facts.survey.queue);
  NEED_SOURCE(facts.survey.leases);
  const std::set<std::int64_t> parents = processes_of_state(facts);
  std::set<std::string> killed;
  for (const RunRow& run : history.open)
    if (is_dead(facts, run.owner)) killed.insert(run.id);
  Since since(facts, notes);
  Deviations found;
  for (const ProcessEntry& process : processes) {
    const bool is_orphan = process.is_own && !process.tag.empty() && killed.contains(run_of_tag(process.tag));
    const bool is_zombie = process.is_zombie && parents.contains(process.parent);
    if (!is_orphan && !is_zombie) continue;
    const std::string key = std::to_string(process.pid) + "." + std::to_string(process.start_time);
    if (since[key] < kOrphanTime) continue;
    const std::string who = process.name + " (process " + std::to_string(process.pid) + ")";
    found.push_back({key, is_zombie ? who + " has ended, and process " + std::to_string(process.parent) +
                                          " of delegate has not reaped it"
                                    : who + " is left of run " + run_of_tag(process.tag) + ", which was killed"});
  }
  return found;
}

}  // namespace delegate::canary
