#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/redact.hpp"
#include "core/config/config.hpp"
#include "core/notify/announcement.hpp"
#include "core/os/child.hpp"
#include "core/os/process_facts.hpp"
#include "core/run/guards.hpp"

// The channels that can show an announcement to a person. They are tried in order until one accepts it.
namespace delegate::notify {

/// How one channel handled an announcement.
struct ChannelResult {
  bool accepted = false;
  std::string detail;  // what accepted it, or why this channel does not apply
  std::string handle;  // see NotificationRow
};

/// An error of `deliver` means that the channel is broken; its guard counts it. After Code::deadline_exceeded the
/// announcement may be shown nevertheless, so no other channel is tried; likewise after Code::cancelled, which is no
/// failure of the channel.
struct Channel {
  std::string name;
  std::function<Result<ChannelResult>(const Announcement&)> deliver;
  bool may_deliver = true;  // false: it certainly cannot, as a look around shows
  bool goes_on = false;     // the next channels are tried as well, whatever became of this one
};

/// The error of a channel whose program ended with this exit status; the last words of its stderr say why.
tl::unexpected<Error> failed(const ChildResult& program, const Redactor& redact);

/// The channels that the configuration allows, in order of preference. Over ssh the terminal comes before the desktop,
/// which is on another machine.
std::vector<Channel> channels_of(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact);

/// Names what the announcement is about, for channels where the next one with the same name takes its place. A quota
/// window has a name of its own, so that it never hides an outage of its backend. One about several backends has one,
/// too, because part of what an earlier one says may still hold; it cannot be a backend's, because no name of one
/// begins with a dash.
std::string tag_of(const Announcement& announcement);

/// How a delivery through the channels ended.
struct DeliveryResult {
  DeliveryState delivery = DeliveryState::undelivered;
  std::string channel;  // "hook and desktop" if both accepted it
  std::string detail;
  std::string handle;
};
/// Delivers through the first channel that accepts, and through those that go on before it.
DeliveryResult deliver(const std::vector<Channel>& channels, Guards& guards, const Announcement& announcement);

}  // namespace delegate::notify
