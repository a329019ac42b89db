#pragma once
#include "cli/notify/channels.hpp"

namespace delegate::cli {

/// The notification service of this desktop: on Linux through `delegate-notify`, which speaks D-Bus and ends by itself.
/// Takes away what it shows under these handles. What is not there any more is no error; nor is no desktop.
Status close_on_desktop(const World& world, const Redactor& redact, const std::vector<std::string>& handles);

std::vector<Channel> desktop_channels(const World& world, const Redactor& redact);

}  // namespace delegate::cli
