#pragma once
#include "core/state/notifications.hpp"
#include "core/state/sqlite_database.hpp"

// The table of notifications. It has few rows (kMostNotifications) that change rarely, so it is read and written as a
// whole and the rules stay in one place. Both functions run inside a transaction of the caller.
namespace delegate::sqlite {

Result<NotificationRows> load_notifications(Database& database);
/// Writes the differences.
Status save_notifications(Database& database, const NotificationRows& before, const NotificationRows& after);

}  // namespace delegate::sqlite
