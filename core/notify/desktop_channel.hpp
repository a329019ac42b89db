#pragma once
#include "core/notify/channels.hpp"
#include "core/notify/notice.hpp"

namespace delegate::notify {

inline constexpr milliseconds kLongestDesktop = desktop::longest_run(desktop::kBudget, desktop::kActivation);
inline constexpr milliseconds kLongestSystem{10'000};  // PowerShell starts slowly

/// Closes the notifications with these handles. One that is gone already is no error, and neither is a missing desktop.
Status close_on_desktop(const ProcessFacts& process, const Redactor& redact, const std::vector<std::string>& handles);

/// The same through this delegate-notify.
Status close_on_bus(const ProcessFacts& process, const Redactor& redact, std::optional<std::string> executable,
                    const std::vector<std::string>& handles);

/// The session bus, through this delegate-notify; nothing: it is not installed.
Channel bus_channel(const ProcessFacts& process, const Redactor& redact, std::optional<std::string> executable);

/// The notification service of this desktop: on Linux through `delegate-notify`, which speaks D-Bus and exits after one
/// notice; elsewhere through a program of the system.
std::vector<Channel> desktop_channels(const ProcessFacts& process, const Redactor& redact);

}  // namespace delegate::notify
