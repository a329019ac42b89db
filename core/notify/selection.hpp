#pragma once
#include <optional>
#include <string>

#include "core/config/config.hpp"
#include "core/notify/notice.hpp"
#include "core/state/notifications.hpp"

// What of the records is announced, and how urgently: the choices of [notify]. Pure, except that it reads the local
// time zone.
namespace delegate::notify {

/// Why a record is not sent, or not now.
struct Withheld {
  DeliveryState delivery = DeliveryState::unwanted;
  std::string why;
};
/// Nothing: it is sent. `all` are the stored records, with this one.
std::optional<Withheld> why_withheld(const NotificationRow& row, const NotificationRows& all,
                                     const NotifySettings& settings, milliseconds now);

bool is_quiet(const NotifySettings& settings, milliseconds now);

/// The highest that one of the records has.
desktop::Urgency urgency_of(const NotificationRows& rows, const NotifySettings& settings);

}  // namespace delegate::notify
