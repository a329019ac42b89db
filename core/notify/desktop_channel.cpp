#include "core/notify/desktop_channel.hpp"

#include <sys/utsname.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "core/base/text.hpp"
#include "core/notify/helpers.hpp"
#include "core/notify/notice.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kBusTimeout{7'000};      // longer than delegate-notify's own limit
constexpr milliseconds kHelperTimeout{10'000};  // PowerShell starts slowly

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
  if (ended->end == ChildEnd::cancelled) return fail(Code::cancelled, "was interrupted: it may still be shown");
  if (ended->end != ChildEnd::exited)
    return fail(Code::deadline_exceeded, "did not end in time: it may still be shown");
  return failed(*ended, redact);
}

/// "7@guid/:1.5": the id and the server that assigned it.
std::string to_handle(const desktop::NoticeId& id) { return std::to_string(id.id) + "@" + id.server; }

std::optional<desktop::NoticeId> notice_id_of(const std::string& handle) {
  const std::size_t at = handle.find('@');
  desktop::NoticeId id;
  const auto [end, wrong] = std::from_chars(handle.data(), handle.data() + std::min(at, handle.size()), id.id);
  if (at == std::string::npos || wrong != std::errc() || end != handle.data() + at) return std::nullopt;
  id.server = handle.substr(at + 1);
  return id;
}

desktop::Notice notice_of(const Announcement& announcement) {
  const bool joins = !announcement.replaces.empty();
  const NotificationText& text = joins ? announcement.joint : announcement.text;
  const bool is_trip = announcement.kind == "trip";
  desktop::Notice notice{.summary = text.title,
                         .body = text.message,
                         .urgency = announcement.urgency,
                         .icon = is_trip ? "dialog-warning" : "dialog-information",
                         .category = is_trip ? "network.error" : "network"};
  if (joins) notice.replaces = notice_id_of(announcement.replaces);
  return notice;
}

std::optional<std::string> notifier() {
  std::error_code unknown;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
  for (const std::string& place : desktop::notifier_places(self))
    if (auto found = find_executable(place, "")) return found;
  return std::nullopt;
}

class Bus {
 public:
  Bus(const ProcessFacts& process, const Redactor& redact) : process_(process), redact_(redact) {}

  Result<ChannelResult> operator()(const Announcement& announcement) const {
    const auto executable = notifier();
    if (!executable) return ChannelResult{.detail = "delegate-notify is not installed"};
    const desktop::Notice notice = notice_of(announcement);
    TRY(const desktop::NoticeResult result, run_notifier(*executable, notice));
    if (result.maybe)
      return fail(Code::deadline_exceeded, "it was sent and there was no answer: it may still be shown");
    if (!result.delivered) return not_delivered(result);
    return ChannelResult{.accepted = true, .handle = result.shown ? to_handle(*result.shown) : ""};
  }

  /// A notification that is gone, or whose server is gone, counts as closed.
  Status close(const std::string& executable, const desktop::Notice& notice) const {
    TRY(const desktop::NoticeResult result, run_notifier(executable, notice));
    if (result.delivered) return {};
    TRY_STATUS(not_delivered(result));
    return {};
  }

  Result<desktop::NoticeResult> run_notifier(const std::string& executable, const desktop::Notice& notice) const {
    TRY(const std::string line,
        output_of(process_, {executable}, desktop::to_json(notice) + "\n", kBusTimeout, redact_, kNotDelivered));
    return desktop::notice_result_of(trim(line));
  }

 private:
  /// A missing desktop is no failure of the channel; one that keeps us waiting is.
  static Result<ChannelResult> not_delivered(const desktop::NoticeResult& result) {
    constexpr milliseconds kQuick{400};
    if (result.took >= kQuick) return fail(Code::unavailable, result.reason);
    return ChannelResult{.detail = result.reason};
  }

  const ProcessFacts& process_;
  const Redactor& redact_;
};

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

/// A program of the system that owns the desktop: macOS, or Windows around WSL.
std::optional<Channel> helper_channel(const ProcessFacts& process, const Redactor& redact) {
  const desktop::HelperFacts facts{desktop::this_system(), process.environment, kernel_release()};
  if (!desktop::helper_call(facts, "", "")) return std::nullopt;
  const auto deliver = [&process, &redact, facts](const Announcement& announcement) -> Result<ChannelResult> {
    const auto call = desktop::helper_call(facts, announcement.text.title, announcement.text.message);
    for (const std::string& name : call->names) {
      const auto executable = find_executable(name, process.variable("PATH"));
      if (!executable) continue;
      std::vector<std::string> argv{*executable};
      argv.insert(argv.end(), call->arguments.begin(), call->arguments.end());
      TRY_STATUS(output_of(process, std::move(argv), call->input, kHelperTimeout, redact));
      return ChannelResult{.accepted = true};
    }
    return ChannelResult{.detail = call->names.front() + " not found"};
  };
  return Channel{"system", deliver};
}

}  // namespace

Status close_on_desktop(const ProcessFacts& process, const Redactor& redact, const std::vector<std::string>& handles) {
  const auto executable = handles.empty() ? std::nullopt : notifier();
  if (!executable) return {};
  const Bus bus(process, redact);
  for (const std::string& handle : handles) {
    desktop::Notice notice;
    notice.close = notice_id_of(handle);
    if (notice.close) TRY_STATUS(bus.close(*executable, notice));
  }
  return {};
}

std::vector<Channel> desktop_channels(const ProcessFacts& process, const Redactor& redact) {
  std::vector<Channel> channels;
  if (desktop::this_system() == desktop::System::linux_kernel) channels.push_back({"desktop", Bus(process, redact)});
  if (auto helper = helper_channel(process, redact)) channels.push_back(*std::move(helper));
  return channels;
}

}  // namespace delegate::notify
