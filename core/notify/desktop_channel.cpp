#include "core/notify/desktop_channel.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "core/base/text.hpp"
#include "core/notify/bus_address.hpp"
#include "core/notify/helpers.hpp"
#include "core/notify/notice.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kClosing{2'000};

constexpr int kNotDelivered = 1;  // of delegate-notify: its output says why

/// Runs a program and returns its output. An exit status above `most` is an error.
Result<std::string> output_of(const ProcessFacts& process, std::vector<std::string> argv, const std::string& input,
                              milliseconds timeout, const Redactor& redact, int most = 0) {
  ChildSpec spec{.argv = std::move(argv), .env = process.variables(), .input = input};
  spec.clocks.total = Deadline::in(timeout);
  std::string out;
  const auto ended = run_child(spec, process.interrupted, [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::out && out.size() < desktop::kLargestNotice) out += bytes;
    return Flow::go_on;
  });
  if (!ended) return tl::unexpected(ended.error());
  if (ended->end == ChildEnd::exited && ended->exit_code <= most) return out;
  if (ended->end == ChildEnd::cancelled) return fail(Code::cancelled, "was interrupted: " + std::string(kMaybeShown));
  if (ended->end != ChildEnd::exited)
    return fail(Code::deadline_exceeded, "did not end in time: " + std::string(kMaybeShown));
  return failed(*ended, redact);
}

constexpr std::string_view kPortalHandle = "portal:";

/// "7@guid/:1.5": the id and the server that assigned it; "portal:delegate-gemini-7": the tag, at the desktop portal.
std::string to_handle(const desktop::NoticeId& id) {
  return id.tag.empty() ? std::to_string(id.id) + "@" + id.server : std::string(kPortalHandle) + id.tag;
}

std::optional<desktop::NoticeId> notice_id_of(const std::string& handle) {
  desktop::NoticeId id;
  if (handle.starts_with(kPortalHandle)) {
    id.tag = handle.substr(kPortalHandle.size());
    return id.tag.empty() ? std::nullopt : std::optional(id);
  }
  const std::size_t at = handle.find('@');
  const auto [end, wrong] = std::from_chars(handle.data(), handle.data() + std::min(at, handle.size()), id.id);
  if (at == std::string::npos || wrong != std::errc() || end != handle.data() + at) return std::nullopt;
  id.server = handle.substr(at + 1);
  return id;
}

/// At the desktop portal a notification with a known tag replaces the one that has it. Only `replaces` may do that, as
/// at a server: the earlier one may show the outage of another backend by now.
std::string new_tag(const Announcement& announcement) {
  const NotificationRows& rows = announcement.rows;
  return tag_of(announcement) + (rows.size() == 1 ? "-" + std::to_string(rows[0].id) : "");
}

desktop::Notice notice_of(const Announcement& announcement) {
  const bool joins = !announcement.replaces.empty();
  const NotificationText& text = joins ? announcement.joint : announcement.text;
  const bool is_outage = announcement.kind == "trip" || (joins && announcement.joint_has_outage);
  desktop::Notice notice{.summary = text.title,
                         .body = text.message,
                         .urgency = joins ? announcement.joint_urgency : announcement.urgency,
                         .icon = is_outage ? "dialog-warning" : "dialog-information",
                         .category = is_outage ? "network.error" : "network",
                         .tag = desktop::plain_name(new_tag(announcement))};
  if (joins) notice.replaces = notice_id_of(announcement.replaces);
  return notice;
}

/// Never looked up on PATH or in the working directory, which a project may have filled.
std::optional<std::string> notifier() {
  std::vector<std::string> places = desktop::notifier_places(own_file());
  places.emplace_back(DELEGATE_NOTIFY_INSTALLED);
  for (const std::string& place : places)
    if (auto found = find_executable(place, "")) return found;
  return std::nullopt;
}

/// Whether something may listen where the session bus can be.
bool has_bus(const ProcessFacts& process) {
  const auto addresses = desktop::bus_addresses(process.environment, ::geteuid());
  return std::any_of(addresses.begin(), addresses.end(), [](const desktop::LocalSocket& at) {
    std::error_code unknown;
    return at.unusable.empty() && (at.is_abstract || std::filesystem::exists(at.name, unknown));
  });
}

class Bus {
 public:
  Bus(const ProcessFacts& process, const Redactor& redact, std::optional<std::string> executable)
      : process_(process), redact_(redact), executable_(std::move(executable)) {}

  Result<ChannelResult> operator()(const Announcement& announcement) const {
    if (!executable_) return ChannelResult{.detail = "delegate-notify is not installed"};
    TRY(const desktop::NoticeResult result, run_notifier(notice_of(announcement)));
    if (result.maybe)
      return fail(Code::deadline_exceeded, "it was sent and there was no answer: " + std::string(kMaybeShown));
    if (!result.delivered) return not_delivered(result);
    return ChannelResult{.accepted = true, .handle = result.shown ? to_handle(*result.shown) : ""};
  }

  /// Each is tried, because they are forgotten; the first error. A notification that is gone, or whose server is gone,
  /// counts as closed.
  Status close_all(const std::vector<std::string>& handles) const {
    Status first;
    for (const std::string& handle : handles) {
      desktop::Notice notice{.budget = kClosing, .activation = milliseconds(0)};
      notice.close = notice_id_of(handle);
      if (!notice.close) continue;
      const Status closed = close(notice);
      if (first && !closed) first = closed;
    }
    return first;
  }

  Result<desktop::NoticeResult> run_notifier(const desktop::Notice& notice) const {
    const std::string input = desktop::to_json(notice) + "\n";
    TRY(const std::string line,
        output_of(process_, {*executable_}, input, desktop::longest_run(notice.budget, notice.activation), redact_,
                  kNotDelivered));
    return desktop::notice_result_of(trim(line));
  }

 private:
  Status close(const desktop::Notice& notice) const {
    TRY(const desktop::NoticeResult result, run_notifier(notice));
    if (!result.delivered) TRY_STATUS(not_delivered(result));
    return {};
  }

  /// A missing desktop is no failure of the channel, and neither is a slow answer; none at all is.
  static Result<ChannelResult> not_delivered(const desktop::NoticeResult& result) {
    if (result.timed_out) return fail(Code::unavailable, result.reason);
    return ChannelResult{.detail = result.reason};
  }

  const ProcessFacts& process_;
  const Redactor& redact_;
  std::optional<std::string> executable_;
};

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

std::optional<std::string> first_of(const std::vector<std::string>& names, const ProcessFacts& process) {
  for (const std::string& name : names)
    if (auto found = find_executable(name, process.variable("PATH"))) return found;
  return std::nullopt;
}

/// A program of the system that owns the desktop: macOS, or Windows around WSL.
std::optional<Channel> helper_channel(const ProcessFacts& process, const Redactor& redact) {
  const desktop::HelperFacts facts{desktop::this_system(), process.environment, kernel_release()};
  const auto trial = desktop::helper_call(facts, "", "");
  if (!trial) return std::nullopt;
  const auto deliver = [&process, &redact, facts](const Announcement& announcement) -> Result<ChannelResult> {
    const auto call = desktop::helper_call(facts, announcement.text.title, in_one_line(announcement.text.message));
    const auto executable = first_of(call->names, process);
    if (!executable) return ChannelResult{.detail = call->names.front() + " not found"};
    std::vector<std::string> argv{*executable};
    argv.insert(argv.end(), call->arguments.begin(), call->arguments.end());
    TRY_STATUS(output_of(process, std::move(argv), call->input, kLongestSystem, redact));
    return ChannelResult{.accepted = true};
  };
  return Channel{.name = "system", .deliver = deliver, .may_deliver = first_of(trial->names, process).has_value()};
}

}  // namespace

Status close_on_desktop(const ProcessFacts& process, const Redactor& redact, const std::vector<std::string>& handles) {
  return close_on_bus(process, redact, handles.empty() ? std::nullopt : notifier(), handles);
}

Status close_on_bus(const ProcessFacts& process, const Redactor& redact, std::optional<std::string> executable,
                    const std::vector<std::string>& handles) {
  if (!executable) return {};
  const Bus bus(process, redact, std::move(executable));
  return bus.close_all(handles);
}

Channel bus_channel(const ProcessFacts& process, const Redactor& redact, std::optional<std::string> executable) {
  const bool may_deliver = executable && has_bus(process);
  return {.name = "desktop", .deliver = Bus(process, redact, std::move(executable)), .may_deliver = may_deliver};
}

std::vector<Channel> desktop_channels(const ProcessFacts& process, const Redactor& redact) {
  std::vector<Channel> channels;
  if (desktop::this_system() == desktop::System::linux_kernel)
    channels.push_back(bus_channel(process, redact, notifier()));
  if (auto helper = helper_channel(process, redact)) channels.push_back(*std::move(helper));
  return channels;
}

}  // namespace delegate::notify
