#include "core/state/sqlite_lease.hpp"

namespace delegate {

using sqlite::Statement;
using sqlite::Transaction;

Result<std::optional<SqliteLease::Holder>> SqliteLease::holder() {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT boot_id, boot, wall, length, owner_boot_id, owner_pid, "
                                            "owner_start_time, owner_namespace FROM leases WHERE name = ?"));
  Statement row(raw);
  TRY(const bool found, row.bind(name_).step());
  if (!found) return std::optional<Holder>();
  return std::optional(
      Holder{{{row.text(0), milliseconds(row.integer(1)), milliseconds(row.integer(2))}, milliseconds(row.integer(3))},
             {row.text(4), row.integer(5), row.integer(6), row.integer(7)}});
}

Status SqliteLease::write(const ProcessId& me, milliseconds length) {
  const HostTime now = clock_.now();
  TRY(sqlite3_stmt * raw,
      database_.prepare("INSERT OR REPLACE INTO leases (name, boot_id, boot, wall, length, owner_boot_id, owner_pid, "
                        "owner_start_time, owner_namespace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return Statement(raw)
      .bind(name_)
      .bind(now.boot_id)
      .bind(now.boot.count())
      .bind(now.wall.count())
      .bind(length.count())
      .bind(me.boot_id)
      .bind(me.pid)
      .bind(me.start_time)
      .bind(me.pid_namespace)
      .run();
}

bool SqliteLease::is_valid(const Holder& holder, const IsDead& is_dead) const {
  return !is_dead(holder.owner) && remaining(holder.span, clock_.now()) > milliseconds(0);
}

Result<bool> SqliteLease::take(const ProcessId& me, milliseconds length, const IsDead& is_dead) {
  TRY(const auto known, holder());
  const bool is_mine = known && known->owner == me;
  if (is_mine && remaining(known->span, clock_.now()) > length / 2) return true;
  TRY(Transaction transaction, Transaction::begin(database_));
  TRY(const auto current, holder());
  if (current && current->owner != me && is_valid(*current, is_dead)) return false;
  TRY_STATUS(write(me, length));
  TRY_STATUS(transaction.commit());
  return true;
}

Result<std::optional<ProcessId>> SqliteLease::owner() {
  TRY(const auto known, holder());
  return known ? std::optional(known->owner) : std::nullopt;
}

Result<bool> SqliteLease::is_of(const ProcessId& me) {
  TRY(const auto known, holder());
  return known && known->owner == me;
}

Result<bool> SqliteLease::is_taken(const IsDead& is_dead) {
  TRY(const auto known, holder());
  return known && is_valid(*known, is_dead);
}

Status SqliteLease::give_up(const ProcessId& me) {
  TRY(const bool is_mine, is_of(me));
  if (!is_mine) return {};
  TRY(sqlite3_stmt * raw, database_.prepare("DELETE FROM leases WHERE name = ?"));
  return Statement(raw).bind(name_).run();
}

}  // namespace delegate
