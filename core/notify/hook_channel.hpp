#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

/// A command from the configuration. It reads one announcement as JSON on stdin and has five seconds to exit with 0.
/// Processes that it starts are ended with it.
Channel hook_channel(const ProcessFacts& process, const std::vector<std::string>& command, const Redactor& redact);

}  // namespace delegate::notify
