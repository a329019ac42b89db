#pragma once
#include <functional>
#include <optional>
#include <string_view>

#include "core/base/host_time.hpp"
#include "core/os/clock.hpp"
#include "core/state/sqlite_database.hpp"

namespace delegate {

/// A task that one process of the host has at a time. All functions are called with the database locked.
class SqliteLease {
 public:
  using IsDead = std::function<bool(const ProcessId&)>;

  SqliteLease(sqlite::Database& database, const Clock& clock, std::string_view name)
      : database_(database), clock_(clock), name_(name) {}

  /// True: it is `me` who has it, for up to `length` from now. Writes only if less than half of that is left.
  Result<bool> take(const ProcessId& me, milliseconds length, const IsDead& is_dead);
  /// Dead or alive.
  Result<std::optional<ProcessId>> owner();
  Result<bool> is_of(const ProcessId& me);
  /// By a living process?
  Result<bool> is_taken(const IsDead& is_dead);
  /// Does nothing if another process has it. Inside a transaction.
  Status give_up(const ProcessId& me);

 private:
  struct Holder {
    Span span;
    ProcessId owner;
  };
  Result<std::optional<Holder>> holder();
  Status write(const ProcessId& me, milliseconds length);
  bool is_valid(const Holder& holder, const IsDead& is_dead) const;

  sqlite::Database& database_;
  const Clock& clock_;
  std::string_view name_;
};

}  // namespace delegate
