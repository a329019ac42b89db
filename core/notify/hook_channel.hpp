#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

inline constexpr milliseconds kLongestHook{30'000};  // the most that notify.hook_timeout can be

/// notify.hook: reads one announcement as JSON on stdin and has notify.hook_timeout to exit with 0. Processes that it
/// starts are ended with it.
Channel hook_channel(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact);

}  // namespace delegate::notify
