#pragma once
#include "core/notify/channels.hpp"

namespace delegate::notify {

/// A command of the person's: one announcement as JSON on its stdin, five seconds to take it, exit status 0 when it
/// has. What it starts ends with it.
Channel hook_channel(const ProcessFacts& process, const std::vector<std::string>& command, const Redactor& redact);

}  // namespace delegate::notify
