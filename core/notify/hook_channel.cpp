#include "core/notify/hook_channel.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"

namespace delegate::notify {
namespace {

/// The hook may have shown it before it was cut off, so no other channel may be tried.
tl::unexpected<Error> cut_off(const std::string& why) {
  return fail(Code::deadline_exceeded, why + ": " + std::string(kMaybeShown));
}

Result<ChannelResult> result_of(const ChildResult& ended, milliseconds timeout, const Redactor& redact) {
  if (ended.end == ChildEnd::cancelled) return fail(Code::cancelled, "was interrupted: " + std::string(kMaybeShown));
  if (ended.end == ChildEnd::timed_out) return cut_off("did not end within " + format_duration(timeout));
  if (ended.end == ChildEnd::signalled) return cut_off("ended by signal " + std::to_string(ended.signal));
  if (ended.exit_code == 0) return ChannelResult{.accepted = true};
  return failed(ended, redact);
}

}  // namespace

Channel hook_channel(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact) {
  const auto deliver = [&process, command = settings.hook, timeout = settings.hook_timeout,
                        &redact](const Announcement& announcement) -> Result<ChannelResult> {
    const auto executable = find_executable(command.front(), process.variable("PATH"));
    if (!executable) return fail(Code::unavailable, "'" + one_line(command.front(), 200) + "' not found");
    const std::string input = to_json(announcement, process.clock.now().wall) + "\n";
    ChildSpec spec{.argv = command, .input = input};
    spec.argv.front() = *executable;
    for (const auto& [name, value] : process.environment) spec.env.push_back(name + "=" + value);
    spec.clocks.total = Deadline::in(std::min(timeout, kLongestHook));
    const auto ended = run_child(spec, process.interrupted);
    if (!ended) return tl::unexpected(ended.error());
    return result_of(*ended, timeout, redact);
  };
  return {.name = "hook", .deliver = deliver, .goes_on = settings.hook_and_desktop};
}

}  // namespace delegate::notify
