#pragma once
#include "core/state/notifications.hpp"
#include "core/state/sqlite_database.hpp"

// The notifications' table. There are few rows (kMostNotifications) and they change seldom, so they are read and
// written as a whole, and the rules stay in one place. Both are for the holder of the connection, inside its
// transaction.
namespace delegate::sqlite {

Result<NotificationRows> load_notifications(Database& database);
/// Writes what is different.
Status save_notifications(Database& database, const NotificationRows& before, const NotificationRows& after);

}  // namespace delegate::sqlite
