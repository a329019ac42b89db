#pragma once
#include "core/notify/notification_text.hpp"

namespace delegate::notify {

/// The text of a notification about a quota window, or about extra billing: what is used now, and where that leads.
NotificationText text_of_quota(const NotificationRow& row, const OutageFacts& facts);

}  // namespace delegate::notify
