#include "core/notify/channels.hpp"

#include "core/base/text.hpp"
#include "core/notify/desktop_channel.hpp"
#include "core/notify/hook_channel.hpp"
#include "core/notify/terminal_channel.hpp"

namespace delegate::notify {
namespace {

bool is_remote(const ProcessFacts& process) {
  return !process.variable("SSH_CONNECTION").empty() || !process.variable("SSH_TTY").empty();
}

bool may_have_been_shown(const Error& error) {
  return error.code == Code::deadline_exceeded || error.code == Code::cancelled;
}

/// Adds the guard's remark to a channel's detail: the announcer's stderr is not read, so the record is its log.
std::string with_remark(const std::string& detail, const GuardRemark& remark) {
  if (!remark.is_about_guard || remark.text.empty()) return detail;
  return detail.empty() ? remark.text : detail + " (" + remark.text + ")";
}

void add(std::string& text, const std::string& more) {
  if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

tl::unexpected<Error> failed(const ChildResult& program, const Redactor& redact) {
  const std::string words = redact(one_line(trim(program.err.text()), 200));
  return fail(Code::unavailable,
              "exit status " + std::to_string(program.exit_code) + (words.empty() ? "" : ": " + words));
}

std::vector<Channel> channels_of(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact) {
  std::vector<Channel> channels;
  if (!settings.hook.empty()) channels.push_back(hook_channel(process, settings, redact));
  if (!settings.desktop) return channels;
  if (is_remote(process)) channels.push_back(terminal_channel(process));
  for (Channel& channel : desktop_channels(process, redact)) channels.push_back(std::move(channel));
  if (!is_remote(process)) channels.push_back(terminal_channel(process));
  return channels;
}

std::string tag_of(const Announcement& announcement) {
  const NotificationRows& rows = announcement.rows;
  if (rows.empty()) return "delegate";
  if (announcement.kind == "quota") return "delegate-" + rows[0].subject + "-" + rows[0].outcome;
  return "delegate-" + (rows.size() == 1 ? rows[0].subject : "-" + std::to_string(rows[0].id));
}

DeliveryResult deliver(const std::vector<Channel>& channels, Guards& guards, const Announcement& announcement) {
  DeliveryResult delivered;
  std::string reasons;
  for (const Channel& channel : channels) {
    const auto result = guard_fail_open(
        guards, "notify_" + channel.name, [&] { return channel.deliver(announcement); },
        ChannelResult{.detail = "paused after repeated failures"});
    const std::string detail = with_remark(result.error ? result.error->what : result.value.detail, result.remark);
    if (result.value.accepted) {
      delivered.delivery = DeliveryState::delivered;
      delivered.channel += (delivered.channel.empty() ? "" : " and ") + channel.name;
      if (delivered.handle.empty()) delivered.handle = result.value.handle;
      add(delivered.detail, detail);
    } else {
      add(reasons, channel.name + ": " + detail);
    }
    const bool is_done = result.value.accepted || (result.error && may_have_been_shown(*result.error));
    if (is_done && !channel.goes_on) break;
  }
  add(delivered.detail, reasons);
  return delivered;
}

}  // namespace delegate::notify
