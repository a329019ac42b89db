#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

/// The notification service of this desktop: on Linux through `delegate-notify`, which speaks D-Bus and ends by itself.
/// Takes away what it shows under these handles. What is not there any more is no error; nor is no desktop.
Status close_on_desktop(const ProcessFacts& process, const Redactor& redact, const std::vector<std::string>& handles);

std::vector<Channel> desktop_channels(const ProcessFacts& process, const Redactor& redact);

}  // namespace delegate::notify
