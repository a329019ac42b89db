#include <algorithm>

#include "core/base/duration.hpp"
#include "core/canary/invariant.hpp"

// Slots and other leases against the processes that hold them.
namespace delegate::canary {
namespace {

constexpr milliseconds kStartOfCli{60'000};  // a younger slot, or CLI, may be about to get its other half
constexpr milliseconds kLate{60'000};

bool is_in_use(const Facts& facts, const SlotLease& slot) {
  if (remaining(slot.span, facts.now) == milliseconds(0)) return false;
  return !is_dead(facts, slot.owner) || has_processes(facts, slot.tag);
}

bool runs_processes(const Facts& facts, const std::string& backend) {
  const BackendSettings* settings = facts.config.backend(backend);
  return settings != nullptr && settings->kind != "ollama" && settings->kind != "openai";
}

/// A CLI that hides its environment from others, as a hardened one does, has no mark that could be read.
bool has_children(const Facts& facts, const ProcessId& owner) {
  return std::any_of(facts.processes->begin(), facts.processes->end(),
                     [&](const ProcessEntry& one) { return one.parent == owner.pid && !one.is_zombie; });
}

bool is_slot_of(const StateStore::Snapshot& states, const std::string& tag) {
  for (const auto& [name, state] : states.backends)
    for (const SlotLease& slot : state.slots)
      if (slot.tag == tag) return true;
  return false;
}

bool descends_from(const std::vector<ProcessEntry>& processes, const ProcessEntry& process, std::int64_t ancestor) {
  const ProcessEntry* at = &process;
  for (std::size_t step = 0; step < processes.size(); ++step) {
    if (at->parent == ancestor) return true;
    const auto parent = std::find_if(processes.begin(), processes.end(),
                                     [&](const ProcessEntry& one) { return one.pid == at->parent; });
    if (parent == processes.end() || parent->pid == at->pid) return false;
    at = &*parent;
  }
  return false;
}

milliseconds age_of(const Facts& facts, const ProcessEntry& process) {
  return facts.now.boot - milliseconds(process.start_time * 1000 / clock_ticks_per_second());
}

std::string owner_text(const ProcessId& owner) { return "process " + std::to_string(owner.pid); }

/// Leases that are over although their process lives and goes on as if it had them.
void add_overdue(const Facts& facts, const std::string& what, const ProcessId& owner, const Span& span,
                 Deviations& found) {
  const milliseconds over = elapsed(span.since, facts.now) - span.length;
  if (over < kLate || !is_visible(facts, owner) || is_dead(facts, owner)) return;
  found.push_back(
      {what + " " + owner_text(owner), what + ": held by " + owner_text(owner) + ", over for " + format_took(over)});
}

}  // namespace

Checked check_slots_have_processes(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& states, facts.survey.states);
  NEED(const auto& history, facts.survey.history);
  NEED(const auto& processes, facts.processes);
  if (facts.resumed_ago && *facts.resumed_ago < kAfterResume)
    return skip("this machine was asleep until " + format_took(*facts.resumed_ago) + " ago");
  Deviations found;
  for (const auto& [name, state] : states.backends)
    for (const SlotLease& slot : state.slots)
      if (runs_processes(facts, name) && !slot.tag.empty() && is_in_use(facts, slot) && is_visible(facts, slot.owner) &&
          elapsed(slot.span.since, facts.now) > kStartOfCli && !has_processes(facts, slot.tag) &&
          !has_children(facts, slot.owner))
        found.push_back({"slot " + slot.token, name + ": a slot is held by " + owner_text(slot.owner) +
                                                   ", which runs no CLI (run " + run_of_tag(slot.tag) + ")"});
  for (const ProcessEntry& process : processes) {
    if (process.tag.empty() || is_slot_of(states, process.tag) || age_of(facts, process) < kStartOfCli) continue;
    const std::string run = run_of_tag(process.tag);
    for (const RunRow& open : history.open)
      if (open.id == run && !is_dead(facts, open.owner) && descends_from(processes, process, open.owner.pid))
        found.push_back(
            {"process " + std::to_string(process.pid),
             process.name + " (process " + std::to_string(process.pid) + ") of run " + run + " runs without a slot"});
  }
  return found;
}

/// What was taken under an earlier configuration may exceed a cap that was lowered since.
Checked check_caps(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& states, facts.survey.states);
  NEED(const auto& queue, facts.survey.queue);
  NEED_SOURCE(facts.processes);
  const milliseconds changed = facts.config_changed_at.value_or(milliseconds(0));
  Deviations found;
  const auto compare = [&](const std::string& what, std::ptrdiff_t count, int cap) {
    if (count > cap)
      found.push_back({what, what + ": " + std::to_string(count) + " in use, " + std::to_string(cap) + " allowed"});
  };
  for (const auto& [name, state] : states.backends) {
    const BackendSettings* settings = facts.config.backend(name);
    if (settings == nullptr) continue;
    const auto counts = [&](const SlotLease& slot) {
      return slot.span.since.wall >= changed && is_in_use(facts, slot);
    };
    compare(name, std::count_if(state.slots.begin(), state.slots.end(), counts), settings->max_parallel);
  }
  const auto counts = [&](const JobRow& job) {
    // The run around a nested one has a place already.
    return job.state == JobRow::State::running && !job.line.is_nested && job.submitted_at >= changed &&
           !is_dead(facts, job.owner);
  };
  compare("background runs", std::count_if(queue.running.begin(), queue.running.end(), counts),
          facts.config.background.max_parallel);
  return found;
}

Checked check_leases(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& states, facts.survey.states);
  NEED(const auto& queue, facts.survey.queue);
  NEED(const auto& leases, facts.survey.leases);
  NEED(const auto& writers, facts.survey.writers);
  NEED_SOURCE(facts.processes);
  if (facts.resumed_ago && *facts.resumed_ago < kAfterResume)
    return skip("this machine was asleep until " + format_took(*facts.resumed_ago) + " ago");
  Deviations found;
  for (const auto& [name, state] : states.backends) {
    for (const SlotLease& slot : state.slots) add_overdue(facts, "a slot of " + name, slot.owner, slot.span, found);
    if (const auto& probe = state.breaker.probe)
      add_overdue(facts, "the probe of " + name, probe->owner, probe->span, found);
  }
  for (const WriterRow& writer : writers.writing)
    add_overdue(facts, "the directory of run " + writer.run_id, writer.lease.owner, writer.lease.span, found);
  for (const TaskLease& lease : leases)
    if (lease.name == "dispatcher" && queue.counts.waiting > 0)
      add_overdue(facts, "the dispatcher's lease", lease.owner, lease.span, found);
  return found;
}

}  // namespace delegate::canary
