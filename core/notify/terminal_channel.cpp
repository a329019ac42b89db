#include "core/notify/terminal_channel.hpp"

#include "core/notify/terminal_sequence.hpp"
#include "core/os/terminal.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kWriteTimeout{1'000};

/// Written in one piece, so that other output cannot split it.
Result<ChannelResult> show(const ProcessFacts& process, const desktop::TerminalSequence& sequence) {
  const Status shown = write_to_terminal(process.err, sequence.bytes, kWriteTimeout);
  if (shown) return ChannelResult{.accepted = true, .detail = std::string(sequence.form)};
  if (shown.error().code == Code::closed) return ChannelResult{.detail = shown.error().what};
  return tl::unexpected(shown.error());
}

/// Terminals that support ids show one notification for each id, so a new one of a backend replaces its last. One about
/// several backends replaces nothing, because part of it may still hold; its id cannot be a backend's, because no name
/// begins with a dash.
std::string id_of(const Announcement& announcement) {
  const NotificationRows& rows = announcement.rows;
  if (rows.empty()) return "delegate";
  return "delegate-" + (rows.size() == 1 ? rows[0].subject : "-" + std::to_string(rows[0].id));
}

}  // namespace

Channel terminal_channel(const ProcessFacts& process) {
  const auto deliver = [&process](const Announcement& announcement) -> Result<ChannelResult> {
    const desktop::TerminalFacts facts{process.environment, is_terminal(process.err)};
    const auto sequence =
        desktop::terminal_sequence(facts, {announcement.text.title, announcement.text.message, id_of(announcement)});
    if (sequence.form.empty()) return ChannelResult{.detail = "stderr is not a terminal that can show it"};
    return show(process, sequence);
  };
  return {"terminal", deliver};
}

}  // namespace delegate::notify
