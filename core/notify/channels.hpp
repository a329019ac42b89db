#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/redact.hpp"
#include "core/config/config.hpp"
#include "core/notify/announcement.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/guards.hpp"

// The ways to tell a person, best first. The first that takes an announcement is the only one.
namespace delegate::notify {

struct Told {
  bool took = false;
  std::string detail;  // who took it, or why it was not for this channel
  std::string handle;  // see NotificationRow
};

/// One way. An error means that the channel is broken, which its guard counts. With Code::deadline_exceeded it may have
/// been shown all the same, so that no other one is tried; nor with Code::cancelled: it was stopped, and is not broken.
struct Channel {
  std::string name;
  std::function<Result<Told>(const Announcement&)> tell;
};

/// Those that the configuration allows, in their order here: in a session over ssh the terminal comes before the
/// desktop, which stands elsewhere.
std::vector<Channel> channels_of(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact);

/// What one walk down the ladder came to.
struct Walk {
  DeliveryState delivery = DeliveryState::undelivered;
  std::string channel;
  std::string detail;
  std::string handle;
};
Walk tell(const std::vector<Channel>& channels, Guards& guards, const Announcement& announcement);

}  // namespace delegate::notify
