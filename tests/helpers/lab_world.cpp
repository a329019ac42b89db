#include "tests/helpers/lab_world.hpp"

#include <cerrno>
#include <cstdlib>

#include "core/state/memory.hpp"
#include "core/state/sqlite.hpp"

namespace delegate::lab {

HostTime LabClock::now() const {
  const milliseconds wall = at_ + wall_ahead_;
  if (kind_ == ClockKind::wall) return {.boot_id = "server", .boot = wall, .wall = wall};
  return {.boot_id = "boot-" + std::to_string(boot_), .boot = at_ - booted_at_, .wall = wall};
}

void LabClock::reboot() {
  ++boot_;
  booted_at_ = at_;
}

Status LabClock::jump(milliseconds delta) {
  const milliseconds ahead = wall_ahead_ + delta;
  if (ahead > milliseconds(kLargest) || ahead < milliseconds(-kLargest))
    return fail(Code::invalid_argument, "delta_ms: too far in sum");
  wall_ahead_ = ahead;
  return {};
}

ProcessId Processes::named(const std::string& name, const std::string& boot_id) {
  const auto [entry, started] = pids_.try_emplace(name, last_pid_ + 1);
  if (started) running_.insert(++last_pid_);
  return {.boot_id = boot_id, .pid = entry->second, .start_time = entry->second};
}

void Processes::kill(const std::string& name) {
  const auto entry = pids_.find(name);
  if (entry == pids_.end()) return;
  running_.erase(entry->second);
  pids_.erase(entry);
}

void Processes::kill_all() {
  pids_.clear();
  running_.clear();
}

Stores::~Stores() {
  disconnect_all();
  std::error_code ignored;  // a remaining temporary directory does no harm
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Result<StateStore*> Stores::of(const std::string& process) {
  std::unique_ptr<StateStore>& store = open_[kind_ == StoreKind::memory ? "" : process];
  if (store) return store.get();
  if (kind_ == StoreKind::memory) {
    store = make_memory_store(clock_);
    return store.get();
  }
  if (directory_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "breaker-lab-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail(Code::unavailable, name + ": " + errno_text(errno));
    directory_ = name;
  }
  TRY(store, open_sqlite_store(directory_ / "state.db", clock_));
  return store.get();
}

void Stores::disconnect(const std::string& process) {
  if (kind_ == StoreKind::sqlite) open_.erase(process);
}

void Stores::disconnect_all() {
  if (kind_ == StoreKind::sqlite) open_.clear();
}

Status Outage::update(const std::string& backend, const Change& change) {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.update(backend, change);
}

Result<StateStore::Snapshot> Outage::read() {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.read();
}

Status Outage::update_guard(const std::string& guard, const GuardChange& change) {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.update_guard(guard, change);
}

Result<GuardState> Outage::guard(const std::string& name) {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.guard(name);
}

Result<NotificationRows> Outage::notifications() {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.notifications();
}

Status Outage::change_notifications(const NotificationChange& change) {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.change_notifications(change);
}

Result<WritersState> Outage::writers() {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.writers();
}

Status Outage::change_writers(const WritersChange& change) {
  if (down_) return fail(Code::unavailable, "store: down");
  return inner_.change_writers(change);
}

}  // namespace delegate::lab
