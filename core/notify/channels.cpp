#include "core/notify/channels.hpp"

#include "core/notify/desktop_channel.hpp"
#include "core/notify/hook_channel.hpp"
#include "core/notify/terminal_channel.hpp"

namespace delegate::notify {
namespace {

bool is_remote(const ProcessFacts& process) {
  return !process.variable("SSH_CONNECTION").empty() || !process.variable("SSH_TTY").empty();
}

bool may_have_told(const Error& error) {
  return error.code == Code::deadline_exceeded || error.code == Code::cancelled;
}

/// What a channel came to, and what its guard has to say of that: nobody hears this process, the record is its log.
std::string with_remark(const std::string& word, const Guarded<Told>& told, const std::string& guard) {
  if (!told.remark.starts_with(guard + ":")) return word;
  return word.empty() ? told.remark : word + " (" + told.remark + ")";
}

void add(std::string& words, const std::string& more) {
  if (!more.empty()) words += (words.empty() ? "" : "; ") + more;
}

}  // namespace

std::vector<Channel> channels_of(const ProcessFacts& process, const NotifySettings& settings, const Redactor& redact) {
  std::vector<Channel> channels;
  if (!settings.hook.empty()) channels.push_back(hook_channel(process, settings.hook, redact));
  if (!settings.desktop) return channels;
  if (is_remote(process)) channels.push_back(terminal_channel(process));
  for (Channel& channel : desktop_channels(process, redact)) channels.push_back(std::move(channel));
  if (!is_remote(process)) channels.push_back(terminal_channel(process));
  return channels;
}

Walk tell(const std::vector<Channel>& channels, Guards& guards, const Announcement& announcement) {
  std::string reasons;
  for (const Channel& channel : channels) {
    const std::string guard = "notify_" + channel.name;
    const auto told = guard_fail_open(
        guards, guard, [&] { return channel.tell(announcement); }, Told{.detail = "left out, it failed too often"});
    std::string said = with_remark(told.error ? told.error->what : told.value.detail, told, guard);
    if (told.value.took) {
      add(said, reasons);
      return {DeliveryState::delivered, channel.name, said, told.value.handle};
    }
    add(reasons, channel.name + ": " + said);
    if (told.error && may_have_told(*told.error)) break;
  }
  return {.detail = std::move(reasons)};
}

}  // namespace delegate::notify
