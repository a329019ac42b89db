#include <algorithm>
#include <array>

#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/canary/invariant.hpp"

// The host: its clocks, its files, and bounds on what grows.
namespace delegate::canary {
namespace {

constexpr milliseconds kClockTolerance{60'000};
constexpr milliseconds kStart{1'000};             // until a worker has read its configuration
constexpr std::int64_t kMoreRuns = 200;           // than history.limit: the oldest are deleted as runs end
constexpr std::uint64_t kLargestLog = 64u << 20;  // bytes; SQLite begins it again at a thousand pages
constexpr int kMostSetAside = 1000;
constexpr int kMostDamaged = 20;
constexpr int kMostScratch = 1000;

std::string octal(unsigned mode) {
  std::array<char, 8> text{};
  return {text.data(), static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%04o", mode))};
}

milliseconds newest_time(const Survey& survey) {
  milliseconds newest = survey.history->newest;
  for (const NotificationRow& row : *survey.notifications) newest = std::max(newest, row.last_seen);
  for (const auto& [name, state] : survey.states->backends)
    if (state.breaker.last_failure) newest = std::max(newest, state.breaker.last_failure->at);
  return newest;
}

/// The latest time of this boot that the breakers know.
milliseconds newest_anchor(const Facts& facts) {
  milliseconds newest{0};
  const auto look_at = [&](const Span& span) {
    if (span.since.boot_id == facts.now.boot_id) newest = std::max(newest, span.since.boot);
  };
  for (const auto& [name, state] : facts.survey.states->backends) {
    look_at(state.breaker.cooldown);
    for (const SlotLease& slot : state.slots) look_at(slot.span);
  }
  return newest;
}

/// `kept`: the permissions that others must not have.
void add_mode(const std::string& name, const StateFile& file, unsigned kept, Deviations& found) {
  if (!file.is_own) found.push_back({name + " owner", name + " belongs to another user"});
  if ((file.permissions & kept) != 0)
    found.push_back({name + " mode", name + " is open to other users (mode " + octal(file.permissions) + ")"});
}

}  // namespace

/// With each run that ends the oldest beyond history.limit are deleted, a hundred at most. So a number that is too high
/// is right after the limit was lowered; it is not if it grows.
Checked check_bounds(const Facts& facts, std::string& notes) {
  NEED(const auto& sizes, facts.survey.sizes);
  NEED(const auto& files, facts.files);
  const auto before = parse_object(notes);
  const std::int64_t most_runs = facts.config.history.limit + kMoreRuns;
  const std::int64_t runs_before = before ? integer_at(*before, "/runs").value_or(sizes.runs) : sizes.runs;
  const milliseconds checked(before ? integer_at(*before, "/at").value_or(0) : 0);
  const milliseconds changed = facts.config_changed_at.value_or(milliseconds(0));
  const bool has_grown = sizes.runs > most_runs && sizes.runs >= runs_before + kMoreRuns && checked >= changed;
  if (!has_grown && (!before || sizes.runs <= most_runs || sizes.runs < runs_before || checked < changed))
    notes = dump(OrderedJson{{"runs", sizes.runs}, {"at", facts.now.wall.count()}});
  Deviations found;
  const auto compare = [&](const std::string& what, std::uint64_t count, std::uint64_t most) {
    if (count > most)
      found.push_back({what, what + ": " + std::to_string(count) + ", at most " + std::to_string(most)});
  };
  if (has_grown)
    compare("runs in the history", static_cast<std::uint64_t>(sizes.runs), static_cast<std::uint64_t>(most_runs));
  compare("notifications", static_cast<std::uint64_t>(sizes.notifications), kMostNotifications);
  for (const auto& [name, file] : files.state)
    if (name.ends_with("-wal")) compare("bytes of " + name, file.size, kLargestLog);
  compare("requests in set-aside", static_cast<std::uint64_t>(files.set_aside), kMostSetAside);
  compare("damaged state files", static_cast<std::uint64_t>(files.damaged), kMostDamaged);
  compare("private directories of calls", static_cast<std::uint64_t>(files.scratch), kMostScratch);
  return found;
}

Checked check_clocks(const Facts& facts, std::string& notes) {
  NEED_SOURCE(facts.survey.history);
  NEED_SOURCE(facts.survey.states);
  NEED_SOURCE(facts.survey.notifications);
  const auto before = parse_object(notes);
  OrderedJson now{{"boot_id", facts.now.boot_id}, {"boot", facts.now.boot.count()}, {"asleep", facts.asleep.count()}};
  if (facts.resumed_ago) now["resumed"] = (facts.now.boot - *facts.resumed_ago).count();
  notes = dump(now);
  Deviations found;
  const bool is_same_boot = before && text_at(*before, "/boot_id") == facts.now.boot_id;
  const milliseconds boot_before(is_same_boot ? integer_at(*before, "/boot").value_or(0) : 0);
  const milliseconds boot_ahead = std::max(boot_before, newest_anchor(facts)) - facts.now.boot;
  if (boot_ahead > kClockTolerance)
    found.push_back({"boot clock", "the clock since the boot has gone back by " + format_took(boot_ahead) +
                                       ", or two boots have the same id"});
  const milliseconds ahead = newest_time(facts.survey) - facts.now.wall;
  if (ahead > kClockTolerance)
    found.push_back({"wall clock", "the newest record is " + format_took(ahead) +
                                       " in the future: the clock was set back, or was wrong then"});
  return found;
}

Checked check_worker_configuration(const Facts& facts, std::string& /*notes*/) {
  NEED_SOURCE(facts.survey.leases);
  NEED_SOURCE(facts.processes);
  const auto& leases = *facts.survey.leases;
  if (std::any_of(leases.begin(), leases.end(), [&](const TaskLease& lease) {
        return lease.name == "dispatcher" && !is_visible(facts, lease.owner);
      }))
    return skip("the worker runs in another pid namespace");
  Deviations found;
  if (facts.worker && facts.worker->config_changed_at > facts.now.wall + kStart)
    return skip("the configuration file is from the future");
  if (facts.worker && facts.worker->config_changed_at > facts.worker->started_at + kStart)
    found.push_back({"worker " + std::to_string(facts.worker->pid),
                     "`delegate worker` (process " + std::to_string(facts.worker->pid) +
                         ") was started before the configuration file changed"});
  return found;
}

Checked check_state_files(const Facts& facts, std::string& /*notes*/) {
  NEED(const auto& files, facts.files);
  Deviations found;
  for (const auto& [name, file] : files.state) add_mode(name, file, 077U, found);
  add_mode("the directory of the state", files.directory, 022U, found);  // what is in it is private in any case
  const Status& writable = facts.survey.writable;
  if (!facts.survey.states)
    found.push_back({"read", "the state cannot be read: " + without_directories(facts.survey.states.error().what)});
  if (!writable && writable.error().code == Code::busy && found.empty())
    return tl::unexpected(
        Unchecked{Verdict::error,
                  "the state is locked" + (facts.locked_by ? " by process " + std::to_string(*facts.locked_by) : "")});
  if (!writable && writable.error().code != Code::busy)
    found.push_back({"write", "the state cannot be written: " + without_directories(writable.error().what)});
  return found;
}

}  // namespace delegate::canary
