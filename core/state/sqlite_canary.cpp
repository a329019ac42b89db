#include "core/state/sqlite_canary.hpp"

#include "core/base/text.hpp"
#include "core/state/sqlite_notifications.hpp"

namespace delegate {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

std::optional<milliseconds> time_at(const Statement& row, int column) {
  const auto value = row.maybe_integer(column);
  return value ? std::optional(milliseconds(*value)) : std::nullopt;
}

std::optional<std::int64_t> number_of(const std::optional<milliseconds>& time) {
  return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  if (!text.empty())
    for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

}  // namespace

Result<CanaryRecordsById> SqliteCanary::load() {
  TRY(sqlite3_stmt * raw, database_.prepare("SELECT id, verdict, reason, checked_at, violated_since, last_violated, "
                                            "times, lines, found, notes FROM canary"));
  Statement row(raw);
  CanaryRecordsById all;
  for (;;) {
    TRY(const bool more, row.step());
    if (!more) return all;
    all[row.text(0)] = {.id = row.text(0),
                        .verdict = row.text(1),
                        .reason = row.text(2),
                        .checked_at = milliseconds(row.integer(3)),
                        .violated_since = time_at(row, 4),
                        .last_violated = time_at(row, 5),
                        .times = row.integer(6),
                        .lines = lines_of(row.text(7)),
                        .found = row.integer(8),
                        .notes = row.text(9)};
  }
}

Status SqliteCanary::save(const CanaryRecord& record) {
  TRY(sqlite3_stmt * raw,
      database_.prepare("INSERT OR REPLACE INTO canary (id, verdict, reason, checked_at, violated_since, "
                        "last_violated, times, lines, found, notes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return Statement(raw)
      .bind(record.id)
      .bind(record.verdict)
      .bind(record.reason)
      .bind(record.checked_at.count())
      .bind(number_of(record.violated_since))
      .bind(number_of(record.last_violated))
      .bind(record.times)
      .bind(join(record.lines, "\n"))
      .bind(record.found)
      .bind(record.notes)
      .run();
}

Result<CanaryRecordsById> SqliteCanary::records() {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&] { return load(); });
}

Result<bool> SqliteCanary::change(const ProcessId& me, const Change& change) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<bool> {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY(const auto leader, lease_.owner());
    if (leader && *leader != me) return false;  // none: a damaged file was replaced, and the lease went with it
    TRY(const CanaryRecordsById before, load());
    TRY(const NotificationRows rows_before, sqlite::load_notifications(database_));
    CanaryRecordsById after = before;
    NotificationRows rows = rows_before;
    change(after, rows, clock_.now());
    for (const auto& [id, record] : after) {
      const auto known = before.find(id);
      if (known == before.end() || known->second != record) TRY_STATUS(save(record));
    }
    TRY_STATUS(sqlite::save_notifications(database_, rows_before, rows));
    TRY_STATUS(transaction.commit());
    return true;
  });
}

Result<std::optional<ProcessId>> SqliteCanary::lead(const ProcessId& me, milliseconds lease, const IsDead& is_dead) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Result<std::optional<ProcessId>> {
    TRY(const bool leads, lease_.take(me, lease, is_dead));
    if (leads) return std::optional<ProcessId>();
    TRY(const auto owner, lease_.owner());
    return owner ? owner : std::optional(ProcessId{});  // that one has just ended
  });
}

Status SqliteCanary::resign(const ProcessId& me) {
  const std::lock_guard lock(mutex_);
  return database_.on_sound_file([&]() -> Status {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_STATUS(lease_.give_up(me));
    return transaction.commit();
  });
}

}  // namespace delegate
