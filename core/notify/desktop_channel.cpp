#include "core/notify/desktop_channel.hpp"

#include <sys/utsname.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "core/base/text.hpp"
#include "core/notify/helpers.hpp"
#include "core/notify/notice.hpp"
#include "core/os/child.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kBusPatience{7'000};      // longer than delegate-notify has itself
constexpr milliseconds kHelperPatience{10'000};  // PowerShell takes its time to start
constexpr std::size_t kLongestRemark = 200;

tl::unexpected<Error> broken(const std::string& why) { return fail(Code::unavailable, why); }

constexpr int kNotDelivered = 1;  // of delegate-notify: its output says why

/// Its output, once it has ended with at most this exit status.
Result<std::string> output_of(const ProcessFacts& process, std::vector<std::string> argv, const std::string& input,
                              milliseconds patience, const Redactor& redact, int most = 0) {
  ChildSpec spec{.argv = std::move(argv), .env = process.variables(), .input = input};
  spec.clocks.total = Deadline::in(patience);
  std::string out;
  const auto ended = run_child(spec, process.interrupted, [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::out && out.size() < desktop::kLargestNotice) out += bytes;
    return Flow::go_on;
  });
  if (!ended) return tl::unexpected(ended.error());
  if (ended->end == ChildEnd::exited && ended->exit_code <= most) return out;
  if (ended->end == ChildEnd::cancelled) return fail(Code::cancelled, "was interrupted: it may be shown yet");
  if (ended->end != ChildEnd::exited) return fail(Code::deadline_exceeded, "did not end in time: it may be shown yet");
  const std::string said = redact(one_line(trim(ended->err.text()), kLongestRemark));
  return broken("exit status " + std::to_string(ended->exit_code) + (said.empty() ? "" : ": " + said));
}

/// "7@guid/:1.5": the id and the server that gave it.
std::string to_handle(const desktop::Shown& shown) { return std::to_string(shown.id) + "@" + shown.server; }

std::optional<desktop::Shown> shown_by(const std::string& handle) {
  const std::size_t at = handle.find('@');
  desktop::Shown shown;
  const auto [end, wrong] = std::from_chars(handle.data(), handle.data() + std::min(at, handle.size()), shown.id);
  if (at == std::string::npos || wrong != std::errc() || end != handle.data() + at) return std::nullopt;
  shown.server = handle.substr(at + 1);
  return shown;
}

desktop::Notice notice_of(const Announcement& announcement) {
  const bool joins = !announcement.replaces.empty();
  const Words& words = joins ? announcement.joint : announcement.words;
  const bool is_trip = announcement.kind == "trip";
  desktop::Notice notice{.summary = words.title,
                         .body = words.message,
                         .urgency = is_trip ? desktop::Urgency::normal : desktop::Urgency::low,
                         .icon = is_trip ? "dialog-warning" : "dialog-information",
                         .category = is_trip ? "network.error" : "network"};
  if (joins) notice.replaces = shown_by(announcement.replaces);
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

  Result<Told> operator()(const Announcement& announcement) const {
    const auto executable = notifier();
    if (!executable) return Told{.detail = "delegate-notify is not installed"};
    const desktop::Notice notice = notice_of(announcement);
    TRY(const desktop::Delivery delivery, deliver(*executable, notice));
    if (delivery.maybe)
      return fail(Code::deadline_exceeded, "it was sent and there was no answer: it may be shown yet");
    if (!delivery.delivered) return refused(delivery);
    return Told{.took = true, .handle = delivery.shown ? to_handle(*delivery.shown) : ""};
  }

  /// One that is gone already, or whose server is, was closed by others.
  Status close(const std::string& executable, const desktop::Notice& notice) const {
    TRY(const desktop::Delivery delivery, deliver(executable, notice));
    if (delivery.delivered) return {};
    TRY_STATUS(refused(delivery));
    return {};
  }

  Result<desktop::Delivery> deliver(const std::string& executable, const desktop::Notice& notice) const {
    TRY(const std::string line,
        output_of(process_, {executable}, desktop::to_json(notice) + "\n", kBusPatience, redact_, kNotDelivered));
    return desktop::delivery_of(trim(line));
  }

 private:
  /// A desktop that is not there is no failure; one that keeps us waiting is.
  static Result<Told> refused(const desktop::Delivery& delivery) {
    constexpr milliseconds kQuick{400};
    if (delivery.took >= kQuick) return broken(delivery.reason);
    return Told{.detail = delivery.reason};
  }

  const ProcessFacts& process_;
  const Redactor& redact_;
};

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

/// A program of the system to which the desktop belongs.
std::optional<Channel> helper_channel(const ProcessFacts& process, const Redactor& redact) {
  const desktop::HelperFacts facts{desktop::this_system(), process.environment, kernel_release()};
  if (!desktop::helper_call(facts, "", "")) return std::nullopt;
  const auto tell = [&process, &redact, facts](const Announcement& announcement) -> Result<Told> {
    const auto call = desktop::helper_call(facts, announcement.words.title, announcement.words.message);
    for (const std::string& name : call->names) {
      const auto executable = find_executable(name, process.variable("PATH"));
      if (!executable) continue;
      std::vector<std::string> argv{*executable};
      argv.insert(argv.end(), call->arguments.begin(), call->arguments.end());
      TRY_STATUS(output_of(process, std::move(argv), call->input, kHelperPatience, redact));
      return Told{.took = true};
    }
    return Told{.detail = call->names.front() + " is not there"};
  };
  return Channel{"system", tell};
}

}  // namespace

Status close_on_desktop(const ProcessFacts& process, const Redactor& redact, const std::vector<std::string>& handles) {
  const auto executable = handles.empty() ? std::nullopt : notifier();
  if (!executable) return {};
  const Bus bus(process, redact);
  for (const std::string& handle : handles) {
    desktop::Notice notice;
    notice.close = shown_by(handle);
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
