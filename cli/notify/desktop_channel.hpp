#pragma once
#include "cli/notify/channels.hpp"

namespace delegate::cli {

/// The notification service of this desktop: on Linux through `delegate-notify`, which speaks D-Bus and ends by itself.
std::vector<Channel> desktop_channels(const World& world, const Redactor& redact);

}  // namespace delegate::cli
