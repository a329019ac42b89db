#include "core/run/writers.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/event.hpp"
#include "core/os/process.hpp"
#include "core/run/leases.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLinePoll{100};

/// One that does not exist, or cannot be read, stays as it is written.
std::string real_directory(const std::string& directory) {
  std::error_code unreadable;
  const auto real = std::filesystem::canonical(directory, unreadable);
  if (!unreadable) return real.string();
  std::string plain = std::filesystem::path(directory).lexically_normal().string();
  if (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

bool share_files(const std::string& one, const std::string& other) {
  if (one.empty() || other.empty()) return false;  // stored by no version
  return is_in_directory(one, other) || is_in_directory(other, one);
}

/// Was the run started by a call of the other one? Then that one waits for it, or wanted it.
bool is_inside(const std::string& tag, const std::string& outer) {
  return !outer.empty() && tag.starts_with(outer + ".") && tag.find('/', outer.size()) != std::string::npos;
}

bool excludes(const WriterRow& row, const WriterRow& wanted) {
  return share_files(row.directory, wanted.directory) && !is_inside(wanted.lease.tag, row.lease.tag);
}

/// Whether its processes still write decides. Beyond its time that holds for a living owner, too: a suspended machine
/// wakes up with both. What a killed one has left, such as a server, has the directory no longer than its time.
bool depends_on_processes(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead) {
  return was_killed(lease, now, is_dead) || (lease.span.since.boot_id == now.boot_id &&
                                             remaining(lease.span, now) == milliseconds(0) && !is_dead(lease.owner));
}

/// Reads the environment of all processes, so it must not be called while the store is locked.
bool has_writing_processes(const WriterRow& row) {
  return has_processes_of_run(std::string(kRunIdVariable), row.lease.tag);
}

/// `ended`: tokens of those that were looked at and have no processes any more.
bool is_over_for_all(const ProcessLease& lease, const HostTime& now, const IsDead& is_dead,
                     const std::set<std::string>& ended) {
  return is_over(lease, now, is_dead) && (ended.contains(lease.token) || !depends_on_processes(lease, now, is_dead));
}

std::string waiting_text(std::size_t others) {
  if (others == 0) return {};
  return others == 1 ? ", and another run waits" : ", and " + std::to_string(others) + " other runs wait";
}

WriterRefusal in_use(const WriterRow& holder, const HostTime& now, const IsDead& is_dead) {
  const std::string pid = std::to_string(holder.lease.owner.pid);
  const bool is_killed = is_dead(holder.lease.owner);
  const std::string who = is_killed ? "what run " + holder.run_id + " of pid " + pid + " left behind when it was killed"
                                    : "run " + holder.run_id + " of pid " + pid;
  return {.message = who + " has been writing in " + one_line(holder.directory) + " for " +
                     format_took(elapsed(holder.lease.span.since, now)),
          .hint = is_killed ? "wait until it ends; `delegate canary` names the processes"
                            : "wait until it ends: `ask --wait-slot` and `submit` do; or stop process " + pid,
          .holder = holder};
}

WriterRefusal comes_first(const WriterRow& next) {
  return {.message = "run " + next.run_id + " of pid " + std::to_string(next.lease.owner.pid) +
                     " is the next to write in " + one_line(next.directory),
          .hint = "`ask --wait-slot` and `submit` wait behind it; or ask again later",
          .holder = next};
}

constexpr std::size_t kLongestWritersLine = 256;
constexpr milliseconds kPlaceForgotten{24h};  // of a run that cannot be seen from here and never came back

auto writer_place_in(std::vector<WaitingWriter>& line, const std::string& place) {
  return std::find_if(line.begin(), line.end(),
                      [&](const WaitingWriter& waiting) { return waiting.row.lease.token == place; });
}

bool has_left(const WaitingWriter& waiting, const HostTime& now, const IsDead& is_dead) {
  const ProcessLease& lease = waiting.row.lease;
  return lease.span.since.boot_id != now.boot_id || elapsed(lease.span.since, now) > kPlaceForgotten ||
         is_dead(lease.owner);
}

/// Only those before the place are looked at: most of the line costs nothing.
void drop_those_that_left(std::vector<WaitingWriter>& line, const std::string& place, const HostTime& now,
                          const IsDead& is_dead) {
  const auto own = writer_place_in(line, place);
  line.erase(
      std::remove_if(line.begin(), own, [&](const WaitingWriter& waiting) { return has_left(waiting, now, is_dead); }),
      own);
}

/// "RUN", where the tag is "RUN.1/INNER": the run that waits for this one, or wanted it. Empty: it is inside none.
std::string_view tag_of_outer(std::string_view tag) {
  const std::size_t inner = tag.rfind('/');
  return inner == std::string_view::npos ? std::string_view() : tag.substr(0, tag.rfind('.', inner));
}

/// The others may wait for the outer run of this one, so it must not wait for them.
bool passes_in_line(const WriterRequest& wanted, const WaitingWriter& waiting) {
  const std::string outer(tag_of_outer(wanted.tag));
  if (!outer.empty() && !is_inside(waiting.row.lease.tag, outer)) return true;
  return waiting.stands_aside && !wanted.in_background;
}

/// Those that come before the place, or before all that do not wait.
WriterRows before_place(const std::vector<WaitingWriter>& line, const WriterRow& own, const WriterRequest& wanted,
                        const HostTime& now) {
  WriterRows before;
  for (const WaitingWriter& waiting : line) {
    if (waiting.row.lease.token == wanted.place) break;
    const bool is_kept = remaining(waiting.row.lease.span, now) > milliseconds(0);
    if (is_kept && share_files(waiting.row.directory, own.directory) && !passes_in_line(wanted, waiting))
      before.push_back(waiting.row);
  }
  return before;
}

/// Is written seldom, although it is called with each look.
void keep_place(std::vector<WaitingWriter>& line, WriterRow row, const WriterRequest& wanted, const HostTime& now) {
  if (wanted.place.empty()) return;
  row.lease.token = wanted.place;
  row.lease.span = Span{now, kWriterPlaceLease};
  const auto own = writer_place_in(line, wanted.place);
  if (own == line.end()) {
    if (line.size() < kLongestWritersLine) line.push_back({std::move(row), wanted.stands_aside});
  } else if (own->stands_aside != wanted.stands_aside || remaining(own->row.lease.span, now) <= kWriterPlaceLease / 2) {
    *own = {std::move(row), wanted.stands_aside};
  }
}

}  // namespace

std::string_view to_string(WriterRefusal::Reason reason) {
  switch (reason) {
    case WriterRefusal::Reason::directory_in_use: return "directory_in_use";
    case WriterRefusal::Reason::state_locked: return "state_locked";
    case WriterRefusal::Reason::state_unusable: return "state_unusable";
  }
  return "";
}

std::string work_tree_of(const std::string& directory) {
  std::error_code unreadable;
  for (std::filesystem::path place = directory; place.has_relative_path(); place = place.parent_path())
    if (std::filesystem::exists(place / ".git", unreadable)) return place.string();
  return directory;
}

std::optional<WriterRow> outer_writer(const WritersState& state, const std::string& mark,
                                      const std::string& directory) {
  const std::string real = real_directory(directory);
  const auto found = std::find_if(state.writing.begin(), state.writing.end(), [&](const WriterRow& row) {
    return is_inside(mark + "/", row.lease.tag) && share_files(row.directory, real);
  });
  return found == state.writing.end() ? std::nullopt : std::optional(*found);
}

WriterLease::WriterLease(StateStore* store, std::string token, std::string unguarded_because)
    : store_(store), token_(std::move(token)), unguarded_because_(std::move(unguarded_because)) {}

WriterLease::WriterLease(WriterLease&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      token_(std::move(other.token_)),
      unguarded_because_(std::move(other.unguarded_because_)) {}

WriterLease::~WriterLease() {
  if (store_ == nullptr) return;
  const Status released = write_patiently([&] {
    return store_->change_writers([&](WritersState& state, const HostTime&) {
      std::erase_if(state.writing, [&](const WriterRow& row) { return row.lease.token == token_; });
    });
  });
  if (!released) return;  // then it ends with this process
}

Writers::Decision Writers::decide(const WriterRequest& wanted, Aim aim) {
  const IsDead gone = [this](const ProcessId& owner) { return breakers_.is_dead(owner); };
  WriterRow own{.directory = real_directory(wanted.directory),
                .run_id = wanted.run_id,
                .lease = {.token = breakers_.new_place(), .owner = breakers_.self(), .span = {}, .tag = wanted.tag}};
  std::set<std::string> ended;
  std::optional<WriterRefusal> refused;
  WriterRows unsure;
  const auto take_or_refuse = [&](WritersState& state, const HostTime& now) {
    refused.reset();
    unsure.clear();
    std::erase_if(state.writing, [&](const WriterRow& row) { return is_over_for_all(row.lease, now, gone, ended); });
    drop_those_that_left(state.waiting, wanted.place, now, gone);
    for (const WriterRow& row : state.writing) {
      if (!excludes(row, own)) continue;
      if (!refused) refused = in_use(row, now, gone);
      if (depends_on_processes(row.lease, now, gone)) unsure.push_back(row);
    }
    const WriterRows before = before_place(state.waiting, own, wanted, now);
    if (refused) refused->message += waiting_text(before.size());
    else if (!before.empty()) refused = comes_first(before.front());
    if (refused) refused->ahead = static_cast<int>(before.size());
    if (refused || aim == Aim::look) return keep_place(state.waiting, own, wanted, now);
    std::erase_if(state.waiting, [&](const WaitingWriter& one) { return one.row.lease.token == wanted.place; });
    own.lease.span = Span{now, wanted.lease};
    state.writing.push_back(own);
  };
  const auto change = [&]() -> Status {
    if (store_ == nullptr)
      return tl::unexpected(breakers_.closed_because().value_or(Error{Code::unavailable, "there is no store", {}}));
    return write_patiently([&] { return store_->change_writers(take_or_refuse); });
  };
  Status done = change();
  if (done && !unsure.empty()) {
    for (const WriterRow& row : unsure)
      if (!has_writing_processes(row)) ended.insert(row.lease.token);
    if (!ended.empty()) done = change();
  }
  if (!done && done.error().code == Code::busy) {
    const auto by = store_ == nullptr ? std::nullopt : store_->locked_by();
    return {.refusal =
                WriterRefusal{.reason = WriterRefusal::Reason::state_locked,
                              .message = "the state is locked" + (by ? " by process " + std::to_string(*by) : ""),
                              .hint = "try again when that process has finished"}};
  }
  if (!done && wanted.needs_store)
    return {.refusal = WriterRefusal{.reason = WriterRefusal::Reason::state_unusable,
                                     .message = "the state cannot be used: " + done.error().what,
                                     .hint = done.error().hint}};
  const std::string others = " may write in " + one_line(own.directory) + " at the same time, because ";
  if (!done) return {.unguarded_because = "another run" + others + "the state cannot be used: " + done.error().what};
  if (refused) return {.refusal = std::move(refused)};
  const bool is_shared = store_->jobs() != nullptr;
  return {.token = own.lease.token,
          .unguarded_because = is_shared ? "" : "a run of another process" + others + "state.store is \"memory\""};
}

WriterAdmission Writers::acquire(const WriterRequest& wanted) {
  Decision made = decide(wanted, Aim::take);
  if (made.refusal) return *std::move(made.refusal);
  StateStore* const store = made.token.empty() ? nullptr : store_;
  return {WriterLease(store, std::move(made.token), std::move(made.unguarded_because))};
}

std::optional<WriterRefusal> Writers::line_up(const WriterRequest& wanted) { return decide(wanted, Aim::look).refusal; }

void Writers::leave_line(const std::string& place) {
  if (store_ == nullptr || place.empty()) return;
  const Status left = write_patiently([&] {
    return store_->change_writers([&](WritersState& state, const HostTime&) {
      std::erase_if(state.waiting, [&](const WaitingWriter& one) { return one.row.lease.token == place; });
    });
  });
  if (!left) return;  // then others come first after its lease
}

WriterAdmission wait_in_line(const Engine& engine, WriterRequest wanted, milliseconds patience,
                             const CancelToken& cancel, const std::function<Deadline(const WriterRefusal&)>& on_wait) {
  Writers writers(engine.store, engine.breakers);
  wanted.place = engine.breakers.new_place();
  const Deadline deadline = Deadline::in(patience);
  Event nothing;
  for (;;) {
    WriterAdmission admission = writers.acquire(wanted);
    if (std::holds_alternative<WriterLease>(admission)) return admission;
    if (deadline.passed() || cancel.cancelled()) {
      writers.leave_line(wanted.place);
      return admission;
    }
    const Deadline next = on_wait ? on_wait(std::get<WriterRefusal>(admission)) : Deadline::never();
    nothing.wait(cancel, Deadline::in(kLinePoll).or_earlier(deadline).or_earlier(next));
  }
}

}  // namespace delegate
