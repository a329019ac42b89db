#include "core/state/sqlite_notifications.hpp"

#include <algorithm>

namespace delegate::sqlite {
namespace {

std::optional<milliseconds> maybe_time(const Statement& row, int column) {
  const auto value = row.maybe_integer(column);
  return value ? std::optional(milliseconds(*value)) : std::nullopt;
}

std::optional<std::int64_t> count_of(const std::optional<milliseconds>& time) {
  return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
}

#define NOTIFICATION_COLUMNS                                                                       \
  "id, kind, subject, outcome, severity, title, message, count, first_seen, last_seen, retry_at, " \
  "acknowledged_at, delivery, channel, detail, handle, delivered_at, sender_boot_id, sender_pid, " \
  "sender_start_time, sender_namespace, taken_at, ended_at"

NotificationRow row_at(const Statement& row) {
  return {.id = row.integer(0),
          .kind = row.text(1),
          .subject = row.text(2),
          .outcome = row.text(3),
          .severity = severity_named(row.text(4)).value_or(NotificationSeverity::warning),
          .title = row.text(5),
          .message = row.text(6),
          .count = static_cast<int>(row.integer(7)),
          .first_seen = milliseconds(row.integer(8)),
          .last_seen = milliseconds(row.integer(9)),
          .retry_at = maybe_time(row, 10),
          .acknowledged_at = maybe_time(row, 11),
          .ended_at = maybe_time(row, 22),
          // A name of a later version: not for this one to send.
          .delivery = delivery_state_named(row.text(12)).value_or(DeliveryState::unwanted),
          .channel = row.text(13),
          .detail = row.text(14),
          .handle = row.text(15),
          .delivered_at = maybe_time(row, 16),
          .sender = {row.text(17), row.integer(18), row.integer(19), row.integer(20)},
          .taken_at = maybe_time(row, 21)};
}

Status save(Database& database, const NotificationRow& row) {
  TRY(sqlite3_stmt * raw,
      database.prepare("INSERT OR REPLACE INTO notifications (" NOTIFICATION_COLUMNS
                       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return Statement(raw)
      .bind(row.id)
      .bind(row.kind)
      .bind(row.subject)
      .bind(row.outcome)
      .bind(to_string(row.severity))
      .bind(row.title)
      .bind(row.message)
      .bind(std::int64_t{row.count})
      .bind(row.first_seen.count())
      .bind(row.last_seen.count())
      .bind(count_of(row.retry_at))
      .bind(count_of(row.acknowledged_at))
      .bind(to_string(row.delivery))
      .bind(row.channel)
      .bind(row.detail)
      .bind(row.handle)
      .bind(count_of(row.delivered_at))
      .bind(row.sender.boot_id)
      .bind(row.sender.pid)
      .bind(row.sender.start_time)
      .bind(row.sender.pid_namespace)
      .bind(count_of(row.taken_at))
      .bind(count_of(row.ended_at))
      .run();
}

}  // namespace

Result<NotificationRows> load_notifications(Database& database) {
  TRY(sqlite3_stmt * raw,
      database.prepare("SELECT " NOTIFICATION_COLUMNS " FROM notifications WHERE id > 0 AND id < 1 << 53 ORDER BY id"));
  Statement statement(raw);
  NotificationRows rows;
  for (;;) {
    TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(row_at(statement));
  }
}

Status save_notifications(Database& database, const NotificationRows& before, const NotificationRows& after) {
  for (const NotificationRow& row : before) {
    if (std::any_of(after.begin(), after.end(), [&](const NotificationRow& kept) { return kept.id == row.id; }))
      continue;
    TRY(sqlite3_stmt * raw, database.prepare("DELETE FROM notifications WHERE id = ?"));
    TRY_STATUS(Statement(raw).bind(row.id).run());
  }
  for (const NotificationRow& row : after)
    if (std::find(before.begin(), before.end(), row) == before.end()) TRY_STATUS(save(database, row));
  return {};
}

}  // namespace delegate::sqlite
