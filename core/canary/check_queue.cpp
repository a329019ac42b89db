#include <algorithm>

#include "core/base/duration.hpp"
#include "core/canary/invariant.hpp"
#include "core/jobs/dispatcher.hpp"

// What waits: jobs for their turn, notifications for their delivery.
namespace delegate::canary {
namespace {

constexpr milliseconds kTimely{60'000};

/// Alerts of the canary are sent again and again, and given up: where none can be delivered they would be about
/// themselves.
bool is_late(const NotificationRow& row, const HostTime& now) {
  if (row.kind == "canary") return false;
  if (row.delivery == DeliveryState::pending) return now.wall - row.first_seen > kLongestSending;
  if (!is_outstanding(row) || !row.taken_at) return false;
  return row.sender.boot_id != now.boot_id || now.boot - *row.taken_at > kLongestSending;
}

}  // namespace

Checked check_queue_order(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& queue, facts.survey.queue);
  Deviations found;
  for (const PassedJob& job : queue.passed)
    found.push_back({job.id, "run " + job.passed_by + " got its turn before run " + job.id +
                                 ", which has waited longer in the same line"});
  return found;
}

/// With a dispatcher at work a run may be startable for a moment in any look: it notices within seconds what no process
/// reports to it, such as a lease that is over.
Checked check_queue_moves(const Facts& facts, std::string& notes) {
  NEED(const auto& queue, facts.survey.queue);
  NEED(const auto& leases, facts.survey.leases);
  NEED_SOURCE(facts.survey.states);
  NEED_SOURCE(facts.processes);
  const bool is_led = std::any_of(leases.begin(), leases.end(), [&](const TaskLease& lease) {
    return lease.name == "dispatcher" && !is_dead(facts, lease.owner);
  });
  // The place of a killed process is free when all that it had started has ended.
  const auto running = std::count_if(queue.running.begin(), queue.running.end(), [&](const JobRow& job) {
    return job.state == JobRow::State::running && (!is_dead(facts, job.owner) || has_processes_of_run(facts, job.id));
  });
  const bool has_place = running < facts.config.background.max_parallel;
  Since since(facts, notes);
  Deviations found;
  for (const JobRow& job : queue.heads) {
    const milliseconds age = facts.now.wall - job.submitted_at;
    const std::string waits = "run " + job.id + " has been queued for " + format_took(age);
    if (age <= kTimely || job.is_own || job.cancel_requested) continue;
    if (!is_led) {
      found.push_back({job.id, waits + ", and no process starts queued runs"});
      continue;
    }
    if (age > facts.config.background.keep + kTimely)
      found.push_back({job.id, waits + ", longer than background.keep"});
    const bool is_paused = !job.line.apart.empty() || job.turn >= jobs::kFreeTurns;
    if (has_place && !is_paused && facts.could_start.contains(job.id) && since[job.id] >= kTimely)
      found.push_back({job.id, waits + ", although a backend and a place are free"});
  }
  return found;
}

Checked check_notifications(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& rows, facts.survey.notifications);
  Deviations found;
  for (const NotificationRow& row : rows)
    if (is_late(row, facts.now))
      found.push_back({std::to_string(row.id), "notification " + std::to_string(row.id) + " (" + row.kind + ", " +
                                                   row.subject + ") is " + std::string(to_string(row.delivery)) +
                                                   " since " + format_took(facts.now.wall - row.first_seen)});
  return found;
}

}  // namespace delegate::canary
